import { Writer } from "protobufjs/minimal.js";
import { compress } from "snappyjs";
import { prometheusLabel, prometheusName } from "../../platform/metric-pattern.ts";
import type { Post } from "./context.ts";
import type { Points } from "./point.ts";

// Tags of Protocol Buffers: the number of the field and how its value is written.
const [FIRST_OF_LENGTH, SECOND_OF_LENGTH, FIRST_DOUBLE, SECOND_VARINT] = [0x0a, 0x12, 0x09, 0x10];

/** A request of Prometheus' remote-write 1.0 (https://prometheus.io/docs/specs/remote_write_spec/): snappy's block format around a message. */
export const remoteWrite = (points: readonly Points[], labels: readonly string[]): Post => ({
  body: compress(writeRequest(points, labels)),
  headers: {
    "content-type": "application/x-protobuf",
    "content-encoding": "snappy",
    "x-prometheus-remote-write-version": "0.1.0",
  },
});

/** WriteRequest { 1: TimeSeries { 1: Label { 1: name, 2: value }, 2: Sample { 1: value, 2: milliseconds } } } */
function writeRequest(points: readonly Points[], labels: readonly string[]): Uint8Array {
  const writer = Writer.create();
  for (const each of points) {
    writer.uint32(FIRST_OF_LENGTH).fork();
    for (const [name, value] of labelsOf(each, labels))
      writer
        .uint32(FIRST_OF_LENGTH)
        .fork()
        .uint32(FIRST_OF_LENGTH)
        .string(name)
        .uint32(SECOND_OF_LENGTH)
        .string(value)
        .ldelim();
    for (const [at, value] of each.samples)
      writer
        .uint32(SECOND_OF_LENGTH)
        .fork()
        .uint32(FIRST_DOUBLE)
        .double(value)
        .uint32(SECOND_VARINT)
        .int64(at)
        .ldelim();
    writer.ldelim();
  }
  return writer.finish();
}

/** By name, as the protocol demands; a label without a value is none. */
const labelsOf = ({ device, metric, instance }: Points, labels: readonly string[]) =>
  [
    ["__name__", prometheusName(metric)] as const,
    ["device", device.id] as const,
    ["name", device.name] as const,
    ["part", instance] as const,
    ...new Map(labels.map((label) => [prometheusLabel(label), device.labels[label] ?? ""] as const)),
  ]
    .filter(([, value]) => value !== "")
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
