// A name server that gives the answers it was told last, each at the moment of its question.
import { createSocket } from "node:dgram";
import { isIPv4 } from "node:net";
import type { Answer } from "./resolver.ts";

const PORT = 53;
const HEADER = 12;
const ADDRESS_RECORD = 1;
/** How the record of an address begins, which nobody may cache. */
const RECORD_HEAD = Buffer.of(0xc0, HEADER, 0, ADDRESS_RECORD, 0, 1, 0, 0, 0, 0, 0, 4);
const NO_SUCH_NAME = 3;

let answers: Readonly<Record<string, Answer>> = {};
const socket = createSocket("udp4");

/** The one question of a message, and its bytes. */
function questionIn(message: Buffer) {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(message: Buffer, { address = "" }: Answer): Buffer {
  const { type, end } = questionIn(message);
  const isKnown = isIPv4(address);
  const records = isKnown && type === ADDRESS_RECORD ? [RECORD_HEAD, Buffer.from(address.split(".").map(Number))] : [];
  const head = Buffer.from(message.subarray(0, HEADER));
  head.writeUInt16BE(0x8180 | (isKnown ? 0 : NO_SUCH_NAME), 2);
  for (const [i, count] of [1, records.length > 0 ? 1 : 0, 0, 0].entries()) head.writeUInt16BE(count, 4 + 2 * i);
  return Buffer.concat([head, message.subarray(HEADER, end), ...records]);
}

socket.on("message", (message, { port, address: asker }) => {
  const { name } = questionIn(message);
  const answer = answers[name] ?? {};
  console.log(name);
  if (answer.after !== "never")
    setTimeout(() => socket.send(answerTo(message, answer), port, asker), answer.after ?? 0);
});
process.on("message", (told: typeof answers) => {
  answers = told;
  process.send?.({ type: "told" });
});
process.on("disconnect", () => process.exit());
socket.bind(PORT, "127.0.0.1", () => process.send?.({ type: "ready" }));
