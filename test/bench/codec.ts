import { formatTopic, pack, unpack, v1 } from "@edgemere/protocol";
import { figure, quantile, spread } from "./statistics.ts";
import type { Table } from "./table.ts";
import { ROWS, SERIES, someTelemetry } from "./telemetry.ts";

const ROUNDS = 7;
const TIMES = 500;

/** One telemetry message to bytes and back, beside the same columns in JSON. */
export async function codec(): Promise<readonly Table[]> {
  const atMs = 1_767_225_600_000;
  const message = {
    records: [{ sequence: 1, atMs, ...someTelemetry(1, atMs) }],
    firstUnacknowledged: 1,
    sessionEpoch: 1,
  };
  const topic = formatTopic("telemetry", { device: "d1" });
  const { payload } = pack("telemetry", { device: "d1" }, message);
  const text = Buffer.from(JSON.stringify(message));

  const steps = {
    "protobuf: encode": { bytes: payload.length, run: () => pack("telemetry", { device: "d1" }, message) },
    "JSON: encode": { bytes: text.length, run: () => Buffer.from(JSON.stringify(message)) },
    "protobuf: decode": { bytes: payload.length, run: () => v1.RecordBatch.decode(payload) },
    "protobuf: decode and check": { bytes: payload.length, run: () => unpack(topic, payload) },
    "JSON: decode": { bytes: text.length, run: (): unknown => JSON.parse(text.toString()) },
  };
  const rounds = new Map(Object.keys(steps).map((name) => [name, [] as number[]]));
  // The first round is for the compiler.
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, { run }] of Object.entries(steps)) {
      const taken = microseconds(run);
      if (round > 0) rounds.get(name)?.push(taken);
    }

  return [
    {
      title: `codec: ${SERIES} series × ${ROWS} rows`,
      columns: ["", "µs", "ns/sample", "bytes", "bytes/sample"],
      rows: Object.entries(steps).map(([name, { bytes }]) => {
        const taken = rounds.get(name) ?? [];
        return [
          name,
          spread(taken),
          figure((quantile(taken, 0.5) * 1_000) / (SERIES * ROWS)),
          figure(bytes),
          figure(bytes / (SERIES * ROWS)),
        ];
      }),
      notes: [`Median (least..most) of ${ROUNDS} rounds of ${TIMES}. JSON holds the same columns and is not checked.`],
    },
  ];
}

function microseconds(run: () => unknown): number {
  const from = performance.now();
  for (let time = 0; time < TIMES; time++) run();
  return ((performance.now() - from) * 1_000) / TIMES;
}
