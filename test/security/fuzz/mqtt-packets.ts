import type { Chance } from "./chance.ts";
import { hostileTexts } from "./hostile-values.ts";

// MQTT 3.1.1, built by hand: no library would write what is written here.
const [CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT] = [
  1, 2, 3, 4, 8, 10, 12, 14,
] as const;

/** Length in base 128 (2.2.3): up to four bytes, unless it is to be wrong. */
function remaining(length: number, least = 1): Buffer {
  const bytes: number[] = [];
  for (let rest = length; bytes.length < least || rest > 0; rest = Math.floor(rest / 128)) bytes.push(rest % 128);
  return Buffer.from(bytes.map((byte, i) => (i < bytes.length - 1 ? byte | 128 : byte)));
}

const packet = (type: number, flags: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of((type << 4) | flags), remaining(body.length), body]);
};
const two = (value: number): Buffer => Buffer.of((value >> 8) & 255, value & 255);
const text = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value as string).subarray(0, 65_535);
  return Buffer.concat([two(bytes.length), bytes]);
};

interface Connect {
  readonly id: string | Buffer;
  readonly protocol?: string;
  readonly level?: number;
  readonly flags?: number;
  readonly keepalive?: number;
  readonly rest?: readonly (string | Buffer)[];
}

const CLEAN = 2;
export const connect = ({
  id,
  protocol = "MQTT",
  level = 4,
  flags = CLEAN,
  keepalive = 60,
  rest = [],
}: Connect): Buffer =>
  packet(CONNECT, 0, text(protocol), Buffer.of(level, flags), two(keepalive), text(id), ...rest.map(text));

const publish = (topic: string | Buffer, payload: Uint8Array, { qos = 1, flags = 0, id = 7 } = {}): Buffer =>
  packet(PUBLISH, (qos << 1) | flags, text(topic), ...(qos === 0 ? [] : [two(id)]), payload);

const subscribe = (filters: readonly (string | Buffer)[], qos = 1, id = 8): Buffer =>
  packet(SUBSCRIBE, 2, two(id), ...filters.flatMap((filter) => [text(filter), Buffer.of(qos)]));

export const ping = (): Buffer => packet(PINGREQ, 0);

/** Whether bytes that came hold the answer to a ping, and the code of a CONNACK (3.2.2.3) if there is one. */
export function answersIn(bytes: Buffer): { readonly connack?: number; readonly hasPong: boolean } {
  let connack: number | undefined;
  let hasPong = false;
  for (let at = 0; at + 1 < bytes.length;) {
    let [length, shift, from] = [0, 0, at + 1];
    for (let byte = 128; byte >= 128 && from < bytes.length; from++, shift += 7) {
      byte = bytes[from]!;
      length += (byte & 127) << shift;
    }
    const type = bytes[at]! >> 4;
    if (type === CONNACK) connack = bytes[from + 1];
    if (type === 13) hasPong = true;
    at = from + length;
  }
  return { ...(connack !== undefined && { connack }), hasPong };
}

/** First packets that nobody may be let in with. */
export const strangeConnects = (id: string): readonly Buffer[] => [
  ping(),
  publish(`edgemere/v1/${id}/up/telemetry`, Buffer.from("x")),
  connect({ id, level: 5 }),
  connect({ id, level: 0 }),
  connect({ id, level: 255 }),
  connect({ id, protocol: "" }),
  connect({ id: "" }),
  connect({ id: "", flags: 0 }),
  connect({ id: "x".repeat(65_535) }),
  connect({ id: `${id}\u0000` }),
  connect({ id: `${id}/` }),
  connect({ id: Buffer.from("ff", "hex") }),
  ...["constructor", "__proto__", "+", "#", "$SYS", "a/b", "a\nb", "events"].map((strange) => connect({ id: strange })),
  connect({ id, flags: 0 }),
  connect({ id, flags: CLEAN | 1 }),
  connect({ id, flags: CLEAN | 0xc0, rest: ["root", "secret"] }),
  connect({ id, flags: CLEAN | 0x40, rest: ["secret"] }),
  ...[`edgemere/v1/another/up/bye`, "$SYS/broker", `edgemere/v1/${id}/up/telemetry`, "#", ""].map((topic) =>
    connect({ id, flags: CLEAN | 4, rest: [topic, "x"] }),
  ),
  connect({ id, flags: CLEAN | 4 | 0x20, rest: [`edgemere/v1/${id}/up/bye`, "x"] }),
  connect({ id, flags: CLEAN | 4 | 0x10, rest: [`edgemere/v1/${id}/up/bye`, "x"] }),
  connect({ id, flags: CLEAN | 4 | 0x18, rest: [`edgemere/v1/${id}/up/bye`, "x"] }),
  connect({ id, flags: CLEAN | 4, rest: [`edgemere/v1/${id}/up/bye`, "x".repeat(5_000)] }),
  Buffer.concat([Buffer.of(0x10), remaining(268_435_455)]),
  Buffer.from("10ffffffffff01", "hex"),
  Buffer.from("1000", "hex"),
  Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
  Buffer.from("160301", "hex"),
];

/** What a device that was let in may say, or may not: each kind by itself. */
const kinds: readonly ((id: string, chance: Chance) => Buffer)[] = [
  // Its own topics, with anything in it.
  ...["telemetry", "event", "result", "log", "hello", "bye"].flatMap((name) =>
    [0, 1].map(
      (qos) => (id: string, chance: Chance) =>
        publish(`edgemere/v1/${id}/up/${name}`, chance.bytes(chance.below(60)), { qos, id: 1 + chance.below(65_535) }),
    ),
  ),
  () => ping(),
  () => ping(),
  (id, chance) => subscribe([`edgemere/v1/${id}/down/${chance.pick(["sync", "ack", "command"])}`], chance.below(2)),
  (_, chance) =>
    packet(UNSUBSCRIBE, 2, two(9), text(chance.pick(hostileTexts.filter((each) => !each.includes("\u0000"))))),
  // Acknowledgements of what nobody sent; the flags of PUBREL are 2 (3.6.1).
  (_, chance) => {
    const type = chance.pick([PUBACK, 5, 6, 7]);
    return packet(type, type === 6 ? 2 : 0, two(1 + chance.below(65_535)));
  },
];

const wrongTopics = (id: string): readonly (string | Buffer)[] => [
  "",
  "#",
  "+",
  "edgemere/v1/another/up/telemetry",
  `edgemere/v1/${id}/down/command`,
  "edgemere/v1/events/device/online",
  `$SYS/${id}/new/clients`,
  "$SYS/broker",
  `edgemere/v1/+/up/telemetry`,
  `edgemere/v1/${id}/up/telemetry/`,
  `/edgemere/v1/${id}/up/telemetry`,
  Array.from({ length: 101 }, () => "a").join("/"),
  "/".repeat(2_000),
  "x".repeat(65_535),
  Buffer.from(`edgemere/v1/${id}/up/\u00ff`, "latin1"),
  `edgemere/v1/${id}/up/telemetry\u0000`,
];

/** What ends a connection, or must be refused on it. */
const wrongs: readonly ((id: string, chance: Chance) => Buffer)[] = [
  (id, chance) => publish(chance.pick(wrongTopics(id)), chance.bytes(chance.below(40)), { qos: chance.below(2) }),
  (id, chance) => publish(`edgemere/v1/${id}/up/telemetry`, chance.bytes(5), { qos: chance.pick([2, 3]) }),
  (id, chance) => publish(`edgemere/v1/${id}/up/telemetry`, chance.bytes(5), { flags: chance.pick([1, 8, 9]) }),
  (id) => publish(`edgemere/v1/${id}/up/telemetry`, Buffer.alloc(4), { id: 0 }),
  (id) => publish(`edgemere/v1/${id}/up/telemetry`, Buffer.alloc(300_000)),
  (_, chance) =>
    subscribe([chance.pick(["#", "+/+", "$share/g/#", "$SYS/#", "edgemere/v1/+/down/sync", ""])], chance.below(4)),
  (id, chance) => subscribe([`edgemere/v1/${id}/down/sync`, chance.pick(["#", `edgemere/v1/another/down/sync`])]),
  (id, chance) => subscribe(Array.from({ length: chance.pick([0, 17, 5_000]) }, () => `edgemere/v1/${id}/down/sync`)),
  (id) => connect({ id }),
  (_, chance) => packet(chance.pick([CONNACK, 9, 11, 13, 0, 15]), chance.below(16), chance.bytes(chance.below(5))),
  (_, chance) =>
    packet(chance.pick([SUBSCRIBE, UNSUBSCRIBE, PINGREQ]), chance.below(16), chance.bytes(chance.below(5))),
  () => Buffer.concat([Buffer.of(0x30), remaining(268_435_455)]),
  () => Buffer.concat([Buffer.of(PUBLISH << 4), Buffer.from("ffffffffff7f", "hex")]),
  () => Buffer.concat([Buffer.of(PINGREQ << 4), remaining(0, 3)]),
  () => packet(PUBLISH, 0),
  () => packet(PUBLISH, 2, two(500), Buffer.from("short")),
  // Never an unfinished one: for its rest anybody may wait as long as keep-alive lasts.
  (_, chance) => packet(chance.below(16), chance.below(16), chance.bytes(chance.below(200))),
  () => packet(DISCONNECT, 0),
  () => packet(DISCONNECT, 15, Buffer.from("x")),
];

/** What is said after CONNECT: mostly what may be said, in the end mostly something that may not. */
export const conversation = (id: string, chance: Chance): readonly Buffer[] => [
  ...Array.from({ length: 4 + chance.below(60) }, () => chance.pick(kinds)(id, chance)),
  ...Array.from({ length: chance.below(4) }, () => chance.pick(wrongs)(id, chance)),
];
