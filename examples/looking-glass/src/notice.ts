import type { State } from "./connection.ts";
import { byId, clock, h } from "./dom.ts";

const WORDS: Record<State["name"], string> = {
  connecting: "Connecting",
  connected: "Connected",
  silent: "No answer",
  foreign: "Other version",
  refused: "Refused",
  lost: "Connection lost",
  reconnecting: "Reconnecting",
};

/** Shows the state of the connection, and the remedies that the user has. */
export class Notice {
  readonly #status = byId("status");
  readonly #notice = byId("notice");
  readonly #retry: () => void;
  readonly #useToken: (token: string) => void;
  #ticking: ReturnType<typeof setInterval> | undefined;

  constructor(retry: () => void, useToken: (token: string) => void) {
    this.#retry = retry;
    this.#useToken = useToken;
  }

  show(state: State): void {
    clearInterval(this.#ticking);
    document.body.dataset.state = state.name;
    this.#status.textContent = WORDS[state.name];
    this.#notice.hidden = state.name === "connected" || state.name === "connecting";
    const isAlert = state.name === "refused" || state.name === "foreign";
    this.#notice.setAttribute("role", isAlert ? "alert" : "status");
    if (state.name === "refused") this.#refused(state);
    else if (state.name === "foreign") {
      const words = `This page does not know this bgpd: ${state.why}.`;
      this.#notice.replaceChildren(h("p", {}, words), this.#tryAgain(undefined));
    } else if (state.name === "silent") {
      const words = `bgpd has not answered since ${clock(state.since)}. The rows below are older.`;
      this.#notice.replaceChildren(h("p", {}, words));
    } else if (state.name === "lost") {
      const words = `The connection is lost: ${state.why}. What is below is the last that was known.`;
      this.#notice.replaceChildren(h("p", {}, words), this.#tryAgain(state.retryAt));
    } else if (state.name === "reconnecting") {
      this.#notice.replaceChildren(h("p", {}, "Connecting again…"));
    }
  }

  #refused({ why, wantsToken, retryAt }: State & { name: "refused" }): void {
    const words = h("p", {}, `The relay refused this page: ${why}`);
    if (wantsToken) this.#notice.replaceChildren(words, this.#tokenForm());
    else this.#notice.replaceChildren(words, this.#tryAgain(retryAt));
  }

  #tryAgain(at: number | undefined): HTMLElement {
    const button = h(
      "button",
      { type: "button", class: "button", onclick: this.#retry },
      "Try now",
    );
    if (at === undefined) {
      button.onclick = () => location.reload();
      return button;
    }
    // the countdown is not for screen readers: it would be read out every second
    const left = h("span", { class: "countdown", "aria-hidden": "true" });
    const tick = (): void => {
      const seconds = Math.max(0, Math.ceil((at - Date.now()) / 1000));
      left.textContent = `Next try in ${seconds} s`;
    };
    tick();
    this.#ticking = setInterval(tick, 1000);
    return h("div", { class: "actions" }, left, button);
  }

  #tokenForm(): HTMLElement {
    const input = h("input", {
      type: "password",
      id: "token",
      autocomplete: "off",
      required: true,
      "aria-label": "Token of the relay",
      placeholder: "Token",
    });
    return h(
      "form",
      {
        class: "actions",
        onsubmit: (event) => {
          event.preventDefault();
          this.#useToken(input.value.trim());
        },
      },
      input,
      h("button", { type: "submit", class: "button primary" }, "Connect"),
    );
  }
}
