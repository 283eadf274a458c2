// The state of the page behind the address's #, so that a link to it can be shared.

/** The parts of the address. */
export interface Place {
  /** The search. */
  q: string;
  /** The part of the page; routes if empty. */
  view: string;
  /** The column that the routes are sorted by. */
  sort: string;
  /** The selected route. */
  route: string;
}

/** Reads the address. */
export function readPlace(): Place {
  const given = new URLSearchParams(location.hash.slice(1));
  const part = (name: keyof Place): string => given.get(name) ?? "";
  return { q: part("q"), view: part("view"), sort: part("sort"), route: part("route") };
}

/** Changes the address, without a step in the history. */
export function writePlace(change: Partial<Place>): void {
  const parts = Object.entries({ ...readPlace(), ...change }).filter(([, value]) => value !== "");
  const hash = parts.length === 0 ? "" : `#${new URLSearchParams(parts)}`;
  if (hash === location.hash) return;
  history.replaceState(history.state, "", `${location.pathname}${location.search}${hash}`);
}

const TOKEN = "looking-glass.token";

/** The token stands behind the address's #, which browsers do not send. It is removed from the address. */
export function takeToken(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) {
    keepToken(given);
    writePlace({});
  }
  return sessionStorage.getItem(TOKEN) ?? undefined;
}

/** Keeps a token until the browser's tab is closed. */
export const keepToken = (token: string): void => sessionStorage.setItem(TOKEN, token);
