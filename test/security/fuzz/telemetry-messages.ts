import {
  bodies,
  formatTopic,
  streamNames,
  type GivenRecord,
  type StreamName,
  type UpTopicName,
  type v1,
} from "@edgemere/protocol";
import { uncheckedColumns } from "../../world/unchecked-columns.ts";
import type { Chance } from "./chance.ts";
import { hostileInstants, hostileNumbers, hostileTexts } from "./hostile-values.ts";

export const AT = 1_767_225_600_000;

/** What a device says: bytes on a topic. */
export interface Said {
  readonly device: string;
  readonly topic: string;
  readonly hex: string;
}

/** What the maker of messages knows: who there is, up to where each stream is stored, which commands wait. */
export interface Known {
  readonly devices: readonly string[];
  readonly storedOf: (device: string, stream: StreamName) => number;
  readonly commands: readonly string[];
}

type Record_ = GivenRecord;
type Body = (chance: Chance, known: Known) => Record_;

const text = (chance: Chance, usual: string): string => (chance.oneIn(5) ? chance.pick(hostileTexts) : usual);
const number = (chance: Chance, usual: number): number => (chance.oneIn(20) ? chance.pick(hostileNumbers) : usual);
const instant = (chance: Chance): number =>
  chance.oneIn(12) ? chance.pick(hostileInstants) : AT + chance.below(1_000_000);
const many = <T>(chance: Chance, most: number, make: (place: number) => T): T[] =>
  Array.from({ length: chance.oneIn(150) ? most + chance.below(2) : 1 + chance.below(3) }, (_, i) => make(i));

const telemetry: Body = (chance) => {
  const offsetMs = chance.oneIn(8) ? [0, 5, 3] : many(chance, 3_600, (row) => row * 1_000);
  // Impossible measurements are still measurements: 140 %, below nothing, below absolute zero.
  const value = () => (chance.oneIn(12) ? chance.pick([...hostileNumbers, 140, -273.16]) : chance.next() * 100);
  const names = ["cpu.busy_percent", "CPU.busy_percent", "memory.used_bytes", "temperature.celsius", "m"];
  const series = many(chance, 1_000, (place) => ({
    metric: text(chance, place > 3 ? `metric.${place}` : chance.pick(names)),
    instance: text(chance, chance.pick(["", "0", "sda"])),
    values: Array.from({ length: chance.oneIn(10) ? chance.below(4) : offsetMs.length }, value),
  }));
  return { telemetry: { baseMs: instant(chance), offsetMs, series } };
};

const inventory: Body = (chance) => {
  const fact = (place: number) => ({
    name: text(chance, chance.pick(["os.name", "os.name", `fact.${place}`])),
    ...chance.pick<object>([{ text: text(chance, "Debian") }, { number: number(chance, 4) }, { flag: true }, {}]),
  });
  return { inventory: { facts: many(chance, 500, fact) } };
};

const dataSource: Body = (chance) => ({
  dataSource: {
    name: text(chance, "logs"),
    path: text(chance, "/var/log"),
    totalBytes: number(chance, 1_000),
    freeBytes: number(chance, 2_000),
    items: many(chance, 1_000, (place) => ({
      name: text(chance, `${place}.log`),
      bytes: number(chance, 100),
      hash: Buffer.alloc(chance.oneIn(10) ? 31 : 32, place),
      modifiedAtMs: instant(chance),
    })),
    tags: Object.fromEntries(many(chance, 64, (place) => [text(chance, `tag${place}`), text(chance, "v")])),
    part: chance.pick([0, 0, 0, 1, 2, 2 ** 32 - 1]),
    parts: chance.pick([0, 1, 1, 2, 3, 2 ** 32 - 1]),
    report: text(chance, chance.pick(["r1", "r2"])),
    failure: chance.oneIn(6) ? text(chance, "EACCES") : "",
  },
});

const agentEvent: Body = (chance) => ({ agentEvent: { name: text(chance, "started"), detail: text(chance, "") } });

const commandReport: Body = (chance, { commands }) => ({
  commandReport: {
    command: text(chance, chance.pick(["c1", ...commands])),
    phase: chance.oneIn(10) ? chance.pick([-1, 0, 10, 99, 2 ** 31 - 1]) : chance.below(10),
    reason: text(chance, ""),
    detail: text(chance, ""),
    startedAtMs: instant(chance),
    finishedAtMs: chance.oneIn(5) ? 0 : instant(chance),
    ...chance.pick<object>([
      {},
      { ping: { uptimeSeconds: number(chance, 5) } },
      { exec: { exitCode: chance.pick([0, -1, 256]), signal: text(chance, ""), outputBytes: number(chance, 3) } },
      { reboot: { before: text(chance, "a"), after: text(chance, "b") } },
      { serviceStatus: { name: text(chance, "ssh"), state: text(chance, "active"), mainPid: 7 } },
    ]),
  },
});

const commandOutput: Body = (chance, { commands }) => ({
  commandOutput: {
    command: chance.pick(["c1", "#", ...commands]),
    channel: chance.pick(["stdout", "stdout", "stderr", "stdlog", ""]),
    offset: number(chance, chance.below(30)),
    content: chance.pick([chance.bytes(chance.below(30)), Buffer.from("e282", "hex"), Buffer.alloc(70_000, 65)]),
  },
});

const gap = (chance: Chance, sequence: number): Record_ => ({
  gap: {
    upTo: chance.oneIn(3) ? number(chance, sequence) : sequence + chance.below(5),
    records: number(chance, 3),
    bytes: number(chance, 300),
    reason: text(chance, "spool-full"),
    fromMs: instant(chance),
    toMs: instant(chance),
    estimated: chance.oneIn(2),
  },
});

const carried: Readonly<Record<StreamName, readonly Body[]>> = {
  result: [commandReport],
  event: [inventory, dataSource, agentEvent],
  telemetry: [telemetry],
  log: [commandOutput],
};
const anyBody = Object.values(carried).flat();

/** Columns that do not fit their rows, their schema or any form. */
function bent(chance: Chance, record: v1.Record.$Properties): v1.Record.$Properties {
  const column = () =>
    chance.pick([new Uint8Array(), Uint8Array.of(0), Uint8Array.of(6, 255, 255, 3), chance.bytes(chance.below(20))]);
  const columns = record.telemetry?.columns ?? [];
  const over = chance.pick<v1.TelemetryBatch.$Properties>([
    { rows: chance.pick([0, 1, 3_600, 3_601, 2 ** 32 - 1]) },
    { schema: chance.bytes(chance.pick([0, 7, 8, 8, 9, 32])) },
    { times: column() },
    { columns: [...columns, column()] },
    { columns: columns.map((each) => (chance.oneIn(2) ? column() : each)) },
    { rows: 3_600, columns: Array.from({ length: chance.pick([27, 28, 1_001]) }, () => Uint8Array.of(0)) },
  ]);
  return { ...record, telemetry: { ...record.telemetry, ...over } };
}

/** None, others, the same again, or many. */
const strangeSchemas = (chance: Chance, schemas: v1.TelemetrySchema.$Properties[]): v1.TelemetrySchema.$Properties[] =>
  chance.pick([
    [],
    [{}],
    [...schemas, ...schemas],
    Array.from({ length: 64 + chance.below(2) }, (_, place) => ({ series: [{ metric: `m${place}` }] })),
    [{ series: [{ metric: text(chance, "m") }, { metric: text(chance, "m") }] }],
  ]);

/** Mostly the number that follows; else one that came already, one too far, one that no number holds. */
function firstNumber(chance: Chance, next: number): number {
  if (!chance.oneIn(5)) return next;
  return chance.pick([next - 1, next + 1, next + 2, 1, 0, next + 1_000, 2 ** 53 - 2, 2 ** 53, 2 ** 63]);
}

function batch(chance: Chance, stream: StreamName, device: string, known: Known): v1.RecordBatch.$Properties {
  const next = known.storedOf(device, stream) + 1;
  const first = firstNumber(chance, next);
  const length = chance.oneIn(300) ? 1_000 + chance.below(2) : chance.below(5);
  const records = Array.from({ length }, (_, place): Record_ => {
    const sequence = first + place + (chance.oneIn(40) ? 1 : 0);
    const make = chance.oneIn(25) ? chance.pick(anyBody) : chance.pick(carried[stream]);
    const content = chance.oneIn(10)
      ? gap(chance, sequence)
      : length > 100
        ? agentEvent(chance, known)
        : make(chance, known);
    return { sequence, atMs: instant(chance), clockPeriod: chance.below(3), ...content };
  });
  const { records: written, schemas } = uncheckedColumns(records);
  return {
    records: written.map((record) => (record.telemetry && chance.oneIn(8) ? bent(chance, record) : record)),
    schemas: chance.oneIn(6) ? strangeSchemas(chance, schemas) : schemas,
    firstUnacknowledged: chance.pick([next, next, 1, first, number(chance, next)]),
    sessionEpoch: number(chance, 1),
    clocks: many(chance, 64, (place) => ({
      clockPeriod: place,
      offsetMs: chance.oneIn(20) ? 2 ** 53 : chance.pick([0, 3_600_000, -(2 ** 40), 7_258_118_400_000]),
      uncertaintyMs: chance.pick([0, 5, 2 ** 32 - 1]),
    })),
  };
}

const hello = (chance: Chance): v1.Hello.$Properties => ({
  bootId: text(chance, "boot"),
  sessionEpoch: number(chance, chance.below(5)),
  agentVersion: text(chance, "1.0.0"),
  capabilities: many(chance, 100, (place) => text(chance, `command:${place}`)),
  streams: many(chance, 16, () => ({
    stream: text(chance, chance.pick(streamNames)),
    firstUnacknowledged: number(chance, 1),
    next: number(chance, 5),
    bytes: number(chance, 5),
  })),
  commandHighSequence: number(chance, 0),
  openCommands: chance.oneIn(4) ? [text(chance, "c1")] : [],
  time: { wallMs: instant(chance), monotonicMs: number(chance, 5) },
  spoolBytes: number(chance, 0),
  lastExitReason: text(chance, "clean"),
  conditions: many(chance, 32, () => text(chance, "disk-low")),
  generation: number(chance, 1),
});

/** A message that is one by its form, and by its meaning may be anything. */
export function said(chance: Chance, known: Known): Said {
  const device = chance.pick(known.devices);
  const stream = chance.pick(streamNames);
  const [name, message] = chance.pick<() => readonly [UpTopicName, object]>([
    ...Array.from({ length: 8 }, () => () => [stream, batch(chance, stream, device, known)] as const),
    () => ["hello", hello(chance)],
    () => ["bye", { sessionEpoch: number(chance, 1), reason: text(chance, "stopped") }],
  ])();
  const codec = bodies[name] as { encode(message: unknown): { finish(): Uint8Array } };
  const hex = Buffer.from(codec.encode(message).finish()).toString("hex");
  const own = formatTopic(name, { device });
  const other = chance.pick([
    formatTopic(name, { device: chance.pick(known.devices) }),
    formatTopic("sync", { device }),
    own.replace("v1", "v2"),
    `${own}/`,
    "$SYS/broker",
    "",
  ]);
  return { device, topic: chance.oneIn(25) ? other : own, hex };
}
