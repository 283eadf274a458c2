// Runs the cases that the page requests, in a worker.
import { fromMessagePort } from "imsg-wasm/web";
import { casesHere } from "./cases.mjs";

const channel = fromMessagePort(globalThis, { maxSize: 65536 });
const answer = ({ type, peerid }, text) =>
  channel.send({ type, peerid, data: new TextEncoder().encode(text) });

const first = await channel.receive();
const { cases, absent } = casesHere(new TextDecoder().decode(first.data));
await answer(first, JSON.stringify({ names: cases.map(({ name }) => name), absent }));
for await (const question of channel) {
  let wrong = "";
  try {
    await cases[question.peerid - 1].run();
  } catch (error) {
    wrong = `${error}\n${error?.stack ?? ""}`;
  }
  await answer(question, wrong);
}
