import { readPrefix } from "../../bgpd/addresses.mjs";
import { BgpdError, type BgpdSession } from "../../bgpd/session.mjs";
import type { Neighbor } from "../../bgpd/types.ts";
import type { Card } from "./card.ts";
import { Connection } from "./connection.ts";
import { byId, bytes, eachFrame, h, number } from "./dom.ts";
import { MessageLog } from "./log.ts";
import { MessagesView } from "./messages.ts";
import { NeighborsView } from "./neighbors.ts";
import { Notice } from "./notice.ts";
import { RoutesView } from "./routes.ts";
import { setUpTheme } from "./theme.ts";

/** How often the neighbors are asked for while they are watched. */
const INTERVAL = 5000;
const TOKEN = "looking-glass.token";

/** Puts the search behind the address's #, so that the address can be handed on. */
function showSearch(words: string): void {
  const hash = words === "" ? "" : `#${new URLSearchParams({ q: words })}`;
  if (hash === location.hash) return;
  history.replaceState(history.state, "", `${location.pathname}${location.search}${hash}`);
}

/** The token stands behind the address's #, which browsers do not send. It is removed from the address. */
function takeToken(): string | undefined {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const given = parameters.get("token");
  if (given !== null) {
    sessionStorage.setItem(TOKEN, given);
    showSearch(parameters.get("q") ?? "");
  }
  return sessionStorage.getItem(TOKEN) ?? undefined;
}

const log = new MessageLog();
const facts = { neighbors: "–", routes: "–", memory: "–" };
let current: BgpdSession | undefined;
let signal: AbortSignal | undefined;

const live = h("button", { type: "button", class: "button", "aria-pressed": "true" }, "Live");
const neighborsView = new NeighborsView();
neighborsView.card.tools.append(live);
const token = takeToken();
const routesView = new RoutesView({
  reload: () => void loadRoutes(),
  async detail(prefix) {
    if (current === undefined || readPrefix(prefix) === undefined) return [];
    const routes = [];
    for await (const entry of current.rib({ prefix, detail: true })) routes.push(entry);
    return routes;
  },
  searched: showSearch,
});
const messagesView = new MessagesView(log);

const showFacts = eachFrame(() => {
  const messages = `${number(log.received)} in, ${number(log.sent)} out`;
  const entries = [
    ["Neighbors", facts.neighbors, "neighbors"],
    ["Routes", facts.routes, "routes"],
    ["RIB memory", facts.memory, "memory"],
    ["Messages", messages, "messages"],
    ["Received", bytes(log.receivedBytes), "bytes"],
  ];
  byId("facts").replaceChildren(
    ...entries.map(([name, value, key]) =>
      h("div", { "data-fact": key }, h("dt", {}, name), h("dd", {}, value)),
    ),
  );
});

const drawMessages = log.changed;
log.changed = () => {
  drawMessages();
  showFacts();
};

/** Runs a request; what bgpd refuses is shown with the part of the page that asked. */
async function ask(card: Card, request: (session: BgpdSession) => Promise<void>): Promise<void> {
  const session = current;
  if (session === undefined) return;
  try {
    await request(session);
    card.fail(undefined);
  } catch (error) {
    if (error instanceof BgpdError || error instanceof RangeError) card.fail(error.message);
    // any other error has ended the connection, which shows it
  }
  showFacts();
}

const loadNeighbors = (): Promise<void> =>
  ask(neighborsView.card, async (session) => {
    const neighbors = [];
    for await (const neighbor of session.neighbors()) neighbors.push(neighbor);
    neighborsView.show(neighbors);
    const up = neighbors.filter(({ state }) => state === "Established").length;
    facts.neighbors = `${up} of ${neighbors.length} up`;
    watchSettling(settled(neighbors));
  });

/** Up to this many routes are loaded again by themselves. */
const SMALL = 20_000;
/** What the neighbors' counters said at the last listing, and at the last look. */
let listed: string | undefined;
let seen = "";

/** The neighbors' states and counters of prefixes, as text to compare. */
const settled = (neighbors: readonly Neighbor[]): string =>
  neighbors.map((n) => `${n.remote_addr} ${n.state} ${n.stats.prefixes.received}`).join("\n");

/** Loads the routes again when the neighbors have changed since and are quiet, or says that they are old. */
function watchSettling(now: string): void {
  const isQuiet = now === seen;
  seen = now;
  if (listed === undefined) listed = now;
  if (now === listed) return;
  routesView.isOld = true;
  if (isQuiet && !loadingRoutes && routesView.count <= SMALL) void loadRoutes();
}

let loadingRoutes = false;
async function loadRoutes(): Promise<void> {
  if (loadingRoutes) return;
  loadingRoutes = true;
  await ask(routesView.card, async (session) => {
    let count = 0;
    let complete = false;
    routesView.begin();
    try {
      for await (const entry of session.rib()) {
        routesView.add(entry);
        if (++count % 256 === 0) showFacts();
      }
      complete = true;
      listed = seen === "" ? undefined : seen;
    } finally {
      routesView.end(complete);
    }
    facts.routes = number(count);
    facts.memory = bytes((await session.ribMemory()).memory.total.size ?? 0);
  });
  loadingRoutes = false;
}

let timer: ReturnType<typeof setTimeout> | undefined;
async function watchNeighbors(): Promise<void> {
  clearTimeout(timer);
  const connection = signal;
  await loadNeighbors();
  const watching = live.getAttribute("aria-pressed") === "true";
  if (connection?.aborted || !watching) return;
  timer = setTimeout(() => void watchNeighbors(), INTERVAL);
}

live.addEventListener("click", () => {
  const pressed = live.getAttribute("aria-pressed") !== "true";
  live.setAttribute("aria-pressed", String(pressed));
  clearTimeout(timer);
  if (pressed) void watchNeighbors();
});

function setUpViews(): void {
  const views = [neighborsView.card, routesView.card, messagesView.card];
  const buttons = views.map(({ element }) => {
    const name = element.querySelector("h2")?.textContent ?? "";
    return h("button", { type: "button", onclick: () => show(element.id) }, name);
  });
  // on wide screens all are shown, and the buttons are not
  const show = (id: string): void => {
    byId("main").dataset.view = id;
    for (const [i, button] of buttons.entries()) {
      button.setAttribute("aria-current", String(views[i].element.id === id));
    }
  };
  byId("views").append(...buttons);
  byId("main").append(...views.map(({ element }) => element));
  show("routes");
}

setUpViews();
setUpTheme(byId("theme"));
showFacts();

const connection = new Connection({
  relay: new URL("relay", document.baseURI),
  log,
  token,
  onState: (state) => notice.show(state),
  onSession: (session, ended) => {
    current = session;
    signal = ended;
    ended.addEventListener("abort", () => {
      if (current === session) current = undefined;
    });
    void watchNeighbors();
    void loadRoutes();
  },
});
const notice = new Notice(
  () => connection.retry(),
  (token) => {
    sessionStorage.setItem(TOKEN, token);
    connection.useToken(token);
  },
);
routesView.search(new URLSearchParams(location.hash.slice(1)).get("q") ?? "");
connection.start();
