import { sparkplugB } from "@edgemere/protocol/sparkplug";

/** Data types by their published numbers. */
export const types = { int32: 3, uint64: 8, double: 10, boolean: 11, string: 12, dataSet: 16 } as const;

type Metric = Partial<sparkplugB.Metric>;

export const double = (name: string, doubleValue: number, more: Metric = {}): Metric => ({
  name,
  datatype: types.double,
  doubleValue,
  value: "doubleValue",
  ...more,
});
export const text = (name: string, stringValue: string, more: Metric = {}): Metric => ({
  name,
  datatype: types.string,
  stringValue,
  value: "stringValue",
  ...more,
});
export const bdSeq = (longValue: number): Metric => ({
  name: "bdSeq",
  datatype: types.uint64,
  longValue,
  value: "longValue",
});
/** A value whose name and type its birth has told. */
export const aliased = (alias: number, doubleValue: number, more: Metric = {}): Metric => ({
  alias,
  doubleValue,
  value: "doubleValue",
  ...more,
});

export interface Said {
  readonly seq?: number;
  readonly timestamp?: number;
  readonly metrics?: readonly Metric[];
}

/** A payload as an edge node writes it. */
export const bytesOf = ({ seq, timestamp, metrics = [] }: Said): Uint8Array =>
  sparkplugB.Payload.encode({
    ...(seq !== undefined && { seq }),
    ...(timestamp !== undefined && { timestamp }),
    metrics: metrics as sparkplugB.Metric[],
  }).finish();
