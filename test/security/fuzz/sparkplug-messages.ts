import { sparkplugB } from "@edgemere/protocol/sparkplug";
import type { Chance } from "./chance.ts";
import { hostileInstants, hostileNumbers, hostileTexts } from "./hostile-values.ts";
import { mutated } from "./mutate.ts";

/** One message of an edge node: the word of its topic, the device of it that it speaks of, and what it says. */
export interface SparkplugMessage {
  readonly word: string;
  readonly device?: string;
  readonly hex: string;
}

type Metric = Partial<sparkplugB.Metric>;

const WORDS = "NDATA NDATA NDATA NBIRTH DBIRTH DBIRTH DDATA DDATA DDEATH NDEATH".split(" ");
/** Of the host, and of nobody: they end a connection. */
const STRANGE_WORDS = ["NCMD", "DCMD", "STATE", "", "ndata", "NDATA/NDATA", "$SYS", "__proto__"];
const USUAL_NAMES = ["Temperature", "Speed", "bdSeq", "Node Control/Rebirth", "Properties/Firmware"];

/** Sequences are mostly those that follow, so that what is said is looked at. */
export function sparkplugMessages(chance: Chance, count: number): readonly SparkplugMessage[] {
  const messages: SparkplugMessage[] = [];
  let seq = 0;
  for (let number = 0; number < count; number++) {
    const word = number === 0 && !chance.oneIn(10) ? "NBIRTH" : chance.pick(chance.oneIn(300) ? STRANGE_WORDS : WORDS);
    if (word === "NBIRTH") seq = 0;
    const bytes = payload(chance, word.endsWith("BIRTH"), chance.oneIn(12) ? chance.below(300) : seq);
    seq = (seq + 1) % 256;
    const whole = chance.oneIn(2) ? bytes : mutated(bytes, chance, [bytes, payload(chance, true, 0)]);
    const device = word.startsWith("D") ? { device: deviceName(chance) } : {};
    messages.push({ word, ...device, hex: whole.toString("hex") });
  }
  return messages;
}

/** A topic cannot hold wildcards, and NUL ends the connection: other areas try those. */
const deviceName = (chance: Chance): string =>
  chance.oneIn(4) ? chance.pick(hostileTexts).replaceAll(/[#+\u0000]/g, "") || "x" : chance.pick(["Pump", "Tank"]);

function payload(chance: Chance, isBirth: boolean, seq: number): Buffer {
  const metrics = Array.from({ length: chance.oneIn(40) ? 1_200 : chance.below(6) }, (_, place) =>
    metric(chance, isBirth, place),
  );
  const said = {
    ...(chance.oneIn(10) ? {} : { seq }),
    ...(chance.oneIn(4) ? { timestamp: instant(chance) } : {}),
    metrics: metrics as sparkplugB.Metric[],
  };
  return Buffer.from(sparkplugB.Payload.encode(said).finish());
}

function metric(chance: Chance, isBirth: boolean, place: number): Metric {
  const usual = place < 5 ? chance.pick(USUAL_NAMES) : `metric ${place}`;
  const name = chance.oneIn(6) ? chance.pick(hostileTexts).slice(0, 400) : usual;
  return {
    ...(isBirth || chance.oneIn(2) ? { name } : {}),
    ...(chance.oneIn(2) ? { alias: chance.oneIn(9) ? 2 ** 53 - 1 : place } : {}),
    ...(chance.oneIn(5) ? { timestamp: instant(chance) } : {}),
    ...(isBirth || chance.oneIn(3) ? { datatype: chance.oneIn(3) ? chance.below(40) : 10 } : {}),
    ...(chance.oneIn(12) ? { isHistorical: true } : {}),
    ...(chance.oneIn(12) ? { isNull: true } : value(chance)),
  };
}

const value = (chance: Chance): Metric =>
  chance.pick<() => Metric>([
    () => ({ doubleValue: number(chance), value: "doubleValue" }),
    () => ({ floatValue: number(chance), value: "floatValue" }),
    () => ({ intValue: chance.below(2 ** 32), value: "intValue" }),
    () => ({ longValue: chance.pick([0, 1, 2 ** 53 - 1]), value: "longValue" }),
    () => ({ booleanValue: chance.oneIn(2), value: "booleanValue" }),
    () => ({ stringValue: chance.pick(hostileTexts), value: "stringValue" }),
    () => ({}),
  ])();

const number = (chance: Chance): number => (chance.oneIn(3) ? chance.pick(hostileNumbers) : chance.next() * 100);
/** The wire knows no negative ones. */
const instant = (chance: Chance): number => Math.min(2 ** 53 - 1, Math.max(0, chance.pick(hostileInstants)));
