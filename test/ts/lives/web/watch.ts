import { countListeners } from "../listeners.ts";
import type { Open } from "../real/session.ts";

interface Watched {
  listeners: number;
  isClosed(): boolean;
}

/** Counts what a page's connections leave open: their listeners, and those that are not closed. */
export class Watch {
  readonly #watched = new Set<Watched>();

  /** Watches a connection that has no listener yet. */
  over<T extends EventTarget>(target: T, isClosed: () => boolean): T {
    const watched: Watched = { listeners: 0, isClosed };
    countListeners(target, (count) => {
      watched.listeners = count;
    });
    this.#watched.add(watched);
    return target;
  }

  /** The open things; things that are clean are removed from the list. */
  open(): Open {
    let [listeners, connections] = [0, 0];
    for (const watched of this.#watched) {
      const closed = watched.isClosed();
      if (closed && watched.listeners === 0) this.#watched.delete(watched);
      if (!closed) connections++;
      listeners += watched.listeners;
    }
    return { listeners, connections };
  }
}
