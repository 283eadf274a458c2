import { once } from "node:events";
import { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImsgChannel } from "../../../ts/entry/index.ts";
import { connect } from "../../../ts/entry/node.ts";
import { openCount, settledCount, what } from "../../ts/descriptors/open.ts";
import { type RunningSmtpd, startSmtpd } from "./smtpd.ts";

const VERSION = 16;
const Smtpd = { OK: 1, FAIL: 2, SHOW_STATUS: 28, SMTP_SESSION: 35 } as const;

let smtpd: RunningSmtpd;
beforeAll(async () => {
  smtpd = await startSmtpd();
});
afterAll(() => smtpd?.stop());

const open = (): Promise<ImsgChannel> =>
  connect({ path: smtpd.socket }, { allowFdPass: true, dialect: "classic" });

async function ask(channel: ImsgChannel, type: number, peerid: number = VERSION) {
  await channel.send({ type, peerid });
  return (await channel.receive())!;
}

/** A conversation in SMTP: receives replies, each with all its lines. */
class Smtp {
  readonly #socket: Socket;
  #text = "";

  constructor(socket: Socket) {
    this.#socket = socket.setEncoding("utf8");
  }

  async reply(): Promise<string> {
    for (;;) {
      const [found] = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(this.#text) ?? [];
      if (found !== undefined) {
        this.#text = this.#text.slice(found.length);
        return found;
      }
      this.#text += String((await once(this.#socket, "data"))[0]);
    }
  }

  /** Sends a line, and returns the code of the reply. */
  async say(line: string): Promise<number> {
    this.#socket.write(`${line}\r\n`);
    return Number.parseInt(await this.reply(), 10);
  }
}

describe("OpenSMTPD, which speaks the classic dialect,", () => {
  it("answers with its status, and refuses a client of another version of its protocol", async () => {
    const channel = await open();
    const status = await ask(channel, Smtpd.SHOW_STATUS);
    expect([status.type, status.hasFd, status.data.length]).toEqual([Smtpd.SHOW_STATUS, false, 4]);
    // nothing is paused: no bit of its flags is set
    expect(new DataView(status.data.buffer, status.data.byteOffset).getUint32(0, true)).toBe(0);
    await channel.close();

    const wrong = await open();
    expect((await ask(wrong, Smtpd.SHOW_STATUS, VERSION + 1)).type).toBe(Smtpd.FAIL);
    await wrong.close();
  });

  it("answers with a descriptor on which a mail is handed over by SMTP", async () => {
    const before = openCount();
    const channel = await open();
    const answer = await ask(channel, Smtpd.SMTP_SESSION);
    expect([answer.type, answer.hasFd]).toEqual([Smtpd.OK, true]);
    const fd = answer.takeFd() as number;
    expect([answer.hasFd, what(fd)]).toEqual([false, expect.stringMatching(/^socket:/)]);

    const socket = new Socket({ fd });
    const ended = once(socket, "close");
    const smtp = new Smtp(socket);
    expect(await smtp.reply()).toMatch(/^220 \S+ ESMTP OpenSMTPD\r\n$/);
    socket.write("EHLO client.example\r\n");
    expect(await smtp.reply()).toMatch(/^250-\S+ Hello client\.example .*\r\n(250-.*\r\n)*250 /);
    expect(await smtp.say("MAIL FROM:<a@example.org>")).toBe(250);
    expect(await smtp.say("RCPT TO:<root@elsewhere.example>")).toBe(550); // another domain's mailbox
    expect(await smtp.say("NONSENSE")).toBe(500);
    expect(await smtp.say("RCPT TO:<root@example.org>")).toBe(250);
    expect(await smtp.say("DATA")).toBe(354);
    expect(await smtp.say("Subject: hello\r\n\r\nby a descriptor\r\n.")).toBe(250);
    expect(await smtp.say("QUIT")).toBe(221);
    await ended;
    await channel.close();
    expect(await settledCount(before)).toBe(before);
  });

  it("gives many sessions at once, and none that was not taken stays open", async () => {
    const before = openCount();
    const channel = await open();
    for (let i = 0; i < 50; i++) {
      const answer = await ask(channel, Smtpd.SMTP_SESSION);
      expect([answer.type, answer.hasFd]).toEqual([Smtpd.OK, true]);
      if (i % 2 === 0) answer.dispose();
    }
    expect(openCount()).toBeGreaterThanOrEqual(before + 25);
    await channel.close();
    expect(await settledCount(before)).toBe(before);
  });
});
