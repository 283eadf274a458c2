import { BgpdError, type BgpdSession } from "../../bgpd/session.mjs";
import type { Neighbor } from "../../bgpd/types.ts";
import { Asker } from "./asker.ts";
import { Connection } from "./connection.ts";
import { atMostEach, byId, bytes, h, number } from "./dom.ts";
import { MessageLog } from "./log.ts";
import { MessagesView } from "./messages.ts";
import { NeighborsView } from "./neighbors.ts";
import { Notice } from "./notice.ts";
import { keepToken, takeToken } from "./place.ts";
import { Results, SMALL } from "./results.ts";
import { setUpTheme } from "./theme.ts";
import { setUpViews } from "./views.ts";

/** How often the neighbors are asked for while they are watched. */
const INTERVAL = 3000;

const token = takeToken();
const log = new MessageLog();
const facts = { neighbors: "–", routes: "–", memory: "–" };
let current: BgpdSession | undefined;
let signal: AbortSignal | undefined;

const live = h("button", { type: "button", class: "button", "aria-pressed": "true" }, "Live");
const results = new Results();
const goToRoutes = (words: string): void => {
  views.show("routes");
  results.search(words);
};
const neighborsView = new NeighborsView(live, goToRoutes);
const messagesView = new MessagesView(log);
const views = setUpViews([
  { title: "Routes", element: results.element },
  { title: "Neighbors", element: neighborsView.element },
  { title: "Messages", element: messagesView.element, shown: () => messagesView.shown() },
]);

const showFacts = atMostEach(200, () => {
  const messages = `${number(log.received)} in, ${number(log.sent)} out`;
  const entries = [
    ["Neighbors", facts.neighbors, "neighbors"],
    ["Prefixes", facts.routes, "routes"],
    ["RIB memory", facts.memory, "memory"],
    ["Messages", messages, "messages"],
    ["Received", bytes(log.receivedBytes), "bytes"],
  ] as const;
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

/** Runs a request; a refusal of bgpd is shown with the neighbors. */
async function ask(request: (session: BgpdSession) => Promise<void>): Promise<void> {
  const session = current;
  if (session === undefined) return;
  try {
    await request(session);
    neighborsView.fail(undefined);
  } catch (error) {
    if (error instanceof BgpdError || error instanceof RangeError)
      neighborsView.fail(error.message);
    // any other error has ended the connection, which shows it
  }
  showFacts();
}

const loadNeighbors = (): Promise<void> =>
  ask(async (session) => {
    const neighbors: Neighbor[] = [];
    for await (const neighbor of session.neighbors()) neighbors.push(neighbor);
    neighborsView.show(neighbors);
    results.setNeighbors(neighbors);
    const up = neighbors.filter(({ state }) => state === "Established").length;
    facts.neighbors = `${up} of ${neighbors.length} up`;
    await watchSettling(settled(neighbors));
  });

/** The neighbors' counters at the last listing, and at the last poll. */
let listed: string | undefined;
let seen = "";

/** The neighbors' states and counters of prefixes, as text to compare. */
const settled = (neighbors: readonly Neighbor[]): string =>
  neighbors.map((n) => `${n.remote_addr} ${n.state} ${n.stats.prefixes.received}`).join("\n");

/** Loads the routes again if the neighbors have changed since and are quiet, or marks the routes as old. */
async function watchSettling(now: string): Promise<void> {
  const isQuiet = now === seen;
  seen = now;
  listed ??= now;
  if (now === listed) return;
  results.changed(isQuiet);
  if (!isQuiet) return;
  listed = now;
  await loadMemory();
}

/** How many prefixes there are, in how much memory. */
async function loadMemory(): Promise<number> {
  if (current === undefined) return 0;
  const { memory } = await current.ribMemory();
  const families = Object.entries(memory).filter(([name]) => / |EVPN/.test(name));
  const prefixes = families.reduce((sum, [, { count = 0 }]) => sum + count, 0);
  facts.routes = number(prefixes);
  facts.memory = bytes(memory.total?.size ?? 0);
  showFacts();
  return prefixes;
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

setUpTheme(byId("theme"));
showFacts();

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "")) return;
  event.preventDefault();
  views.show("routes");
  results.focus();
});

const connection = new Connection({
  relay: new URL("relay", document.baseURI),
  log,
  token,
  onState: (state) => notice.show(state),
  onSession: (session, ended) => {
    current = session;
    signal = ended;
    listed = undefined;
    const asker = new Asker((ahead) => connection.another(ahead));
    ended.addEventListener("abort", () => {
      if (current === session) current = undefined;
      results.disconnected();
      asker.reset();
    });
    void ask(async () => {
      const prefixes = await loadMemory();
      results.connected(asker, prefixes <= SMALL);
      void watchNeighbors();
    });
  },
});
const notice = new Notice(
  () => connection.retry(),
  (token) => {
    keepToken(token);
    connection.useToken(token);
  },
);
connection.start();
