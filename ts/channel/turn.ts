type Schedule = (callback: () => void) => void;

/** A message posted to a port runs after the events that wait, without the 4 ms of nested timers. */
function portSchedule(): Schedule {
  const { port1, port2 } = new MessageChannel();
  let waiting: (() => void)[] = [];
  port1.onmessage = () => {
    const run = waiting;
    waiting = [];
    for (const callback of run) callback();
  };
  return (callback) => {
    waiting.push(callback);
    if (waiting.length === 1) port2.postMessage(0);
  };
}

let fallback: Schedule | undefined;

function chooseFallback(): Schedule {
  const { document, importScripts } = globalThis as { document?: unknown; importScripts?: unknown };
  const browser = document !== undefined || importScripts !== undefined;
  if (browser && typeof MessageChannel === "function") return portSchedule();
  // workerd binds a port to the request that made it, so a shared one would fail later
  return (callback) => void setTimeout(callback, 0);
}

/**
 * Calls back when the current turn of the event loop is over: by `setImmediate`
 * in Node, Deno and Bun, by a message port in browsers and their workers, by a
 * timer of 0 ms elsewhere (workerd).
 */
export function afterTurn(callback: () => void): void {
  const { setImmediate } = globalThis as { setImmediate?: Schedule };
  if (typeof setImmediate === "function") {
    setImmediate(callback);
    return;
  }
  fallback ??= chooseFallback();
  fallback(callback);
}
