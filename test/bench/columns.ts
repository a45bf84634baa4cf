import { deflateRawSync, inflateRawSync } from "node:zlib";
import { ColumnEncoder, decodeColumn } from "@edgemere/protocol";
import { gorillaColumn, ungorilla } from "./gorilla.ts";
import { recording, rounded, type Recording } from "./recording.ts";
import { figure, quantile, spread } from "./statistics.ts";
import type { Table } from "./table.ts";

const ROUNDS = 7;
const ROWS = [60, 600];
const SAMPLES_A_ROUND = 1_000_000;

interface Codec {
  readonly encode: (values: Float64Array) => Uint8Array;
  readonly decode: (bytes: Uint8Array, rows: number) => Float64Array;
}

/** Columns of a real host's numbers to bytes and back, beside the doubles as they are, deflated, and in Gorilla's way. */
export async function columns(): Promise<readonly Table[]> {
  const encoder = new ColumnEncoder();
  const codecs: Readonly<Record<string, Codec>> = {
    "our columns": { encode: (values) => encoder.encode(values), decode: decodeColumn },
    "packed doubles": { encode: packed, decode: unpacked },
    "doubles, deflated": {
      encode: (values) => deflateRawSync(packed(values)),
      decode: (bytes, rows) => unpacked(inflateRawSync(bytes), rows),
    },
    Gorilla: { encode: gorillaColumn, decode: ungorilla },
  };
  const sampled = await recording();
  const tables: Table[] = [];
  for (const [what, source] of Object.entries({ "as measured": sampled, "rounded to thousandths": rounded(sampled) }))
    for (const rows of ROWS) tables.push(compared(codecs, source, rows, what));
  return tables;
}

function compared(codecs: Readonly<Record<string, Codec>>, { series }: Recording, rows: number, what: string): Table {
  const columns = series.map(({ values }) => values.subarray(0, rows));
  const samples = columns.length * rows;
  const present = columns.reduce((sum, column) => sum + column.filter((value) => !Number.isNaN(value)).length, 0);
  const times = Math.ceil(SAMPLES_A_ROUND / samples);
  const taken = new Map(Object.keys(codecs).map((name) => [name, { encode: [] as number[], decode: [] as number[] }]));
  // The first round is for the compiler.
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, { encode, decode }] of Object.entries(codecs)) {
      const bytes = columns.map(encode);
      const encoding = nanoseconds(times, samples, () => columns.forEach(encode));
      const decoding = nanoseconds(times, samples, () => bytes.forEach((each) => decode(each, rows)));
      if (round === 0) continue;
      taken.get(name)?.encode.push(encoding);
      taken.get(name)?.decode.push(decoding);
    }
  return {
    title: `columns: ${columns.length} series × ${rows} rows of a real host, once a second, ${what}`,
    columns: ["", "bytes/sample", "encode ns/sample", "M/s", "decode ns/sample", "M/s"],
    rows: Object.entries(codecs).map(([name, { encode }]) => {
      const { encode: encoding = [], decode: decoding = [] } = taken.get(name) ?? {};
      return [
        name,
        figure(columns.reduce((sum, column) => sum + encode(column).length, 0) / present),
        spread(encoding),
        figure(1_000 / quantile(encoding, 0.5)),
        spread(decoding),
        figure(1_000 / quantile(decoding, 0.5)),
      ];
    }),
    notes: [
      `Median (least..most) of ${ROUNDS} rounds, in turns, by the CPU time of the process. One column after the other; nothing is deflated but where it says so. ` +
        "Gorilla is the encoding of doubles of Facebook's paper of 2015, without its timestamps.",
    ],
  };
}

function nanoseconds(times: number, samples: number, run: () => void): number {
  const from = process.cpuUsage();
  for (let time = 0; time < times; time++) run();
  const { user, system } = process.cpuUsage(from);
  return ((user + system) * 1_000) / (times * samples);
}

const packed = (values: Float64Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
const unpacked = (bytes: Uint8Array, rows: number): Float64Array => {
  const values = new Float64Array(rows);
  new Uint8Array(values.buffer).set(bytes);
  return values;
};
