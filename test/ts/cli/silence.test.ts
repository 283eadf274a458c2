/** The hint of `imsg connect` after a request that gets no answer. */
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { SilenceHint } from "../../../ts/cli/silence.ts";
import { TypeNames } from "../../../ts/cli/values.ts";
import { bgpd } from "../../../ts/protocols/bgpd/index.ts";
import { packed, run } from "./command.ts";

describe("a request without an answer", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function hint(protocol?: typeof bgpd) {
    const names = new TypeNames();
    names.add("MINE=900");
    if (protocol !== undefined) names.addProtocol(protocol);
    const texts: string[] = [];
    return { texts, hint: new SilenceHint(names, protocol, (text) => void texts.push(text)) };
  }
  const RULE = "Daemons ignore a request whose size they do not expect";

  test.each([
    [
      "a wrong size, with both sizes",
      { type: bgpd.messages.SHOW_RIB.type, data: new Uint8Array(40) },
      /^no answer to SHOW_RIB for 3 s\. In OpenBGPD 8\.8, struct ctl_show_rib_request has 728 bytes \(lp64\), and the payload 40\. /,
    ],
    [
      "the right size, with the version",
      { type: bgpd.messages.SHOW_RIB.type, data: new Uint8Array(728) },
      /^no answer to SHOW_RIB for 3 s\. Its payload has 728 bytes, which is right for OpenBGPD 8\.8\. /,
    ],
    [
      "a message without a description",
      { type: 900, data: new Uint8Array(3) },
      /^no answer to MINE for 3 s\. Its payload has 3 bytes\. /,
    ],
    [
      "a type without a name",
      { type: 901 },
      /^no answer to type 901 for 3 s\. Its payload has 0 bytes\. /,
    ],
  ])("is reported with the reason for %s", (_what, message, text) => {
    const { texts, hint: silence } = hint(bgpd);
    silence.sent(message);
    vi.advanceTimersByTime(2999);
    expect(texts).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(texts).toEqual([expect.stringMatching(text)]);
    expect(texts[0]).toContain(RULE);
    // once for a type
    silence.sent(message);
    vi.advanceTimersByTime(10_000);
    expect(texts.length).toBe(1);
  });

  test("is not reported if a message came, or if the message has no answer", () => {
    const { texts, hint: silence } = hint(bgpd);
    silence.sent({ type: bgpd.messages.SHOW_RIB.type });
    vi.advanceTimersByTime(2000);
    silence.stop();
    silence.sent({ type: bgpd.messages.FIB_COUPLE.type });
    vi.advanceTimersByTime(10_000);
    expect(texts).toEqual([]);
  });
});

test("imsg connect reports it on stderr, and stays connected", async () => {
  const path = join(tmpdir(), `imsg-silent-${process.pid}.sock`);
  const server = createServer((socket) => socket.on("error", () => {}).resume());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  const args = ["connect", `unix:${path}`, "--protocol", "bgpd", "--timeout", "3.5"];
  const { status, stderr } = await run(packed, [
    ...args,
    "--send",
    '{"type":"SHOW_RIB","data":"00"}',
  ]);
  expect(status).toBe(0);
  expect(stderr).toMatch(
    /^imsg: no answer to SHOW_RIB .* has 728 bytes \(lp64\), and the payload 1\. Daemons ignore/,
  );
});
