import { v1 } from "./generated.ts";
import type { GivenSamples } from "./telemetry-columns.ts";

/** The messages of package edgemere.v1. As values: their codecs. As types: what `decode` gives. */
export { v1 };

type Codec = { decode(bytes: Uint8Array): unknown; encode(message: never): { finish(): Uint8Array } };
export type Decoded<C extends Codec> = ReturnType<C["decode"]>;
/** What may be given to `encode`: every field may be left out. */
export type Encodable<C extends Codec> = Parameters<C["encode"]>[0];

export type Hello = Decoded<typeof v1.Hello>;
export type Sync = Decoded<typeof v1.Sync>;
export type SyncHead = Decoded<typeof v1.SyncHead>;
export type Ack = Decoded<typeof v1.Ack>;
export type Bye = Decoded<typeof v1.Bye>;
export type SignedEnvelope = Decoded<typeof v1.SignedEnvelope>;
export type Keyring = Decoded<typeof v1.Keyring>;
export type RecordBatch = Decoded<typeof v1.RecordBatch>;
export type Record_ = Decoded<typeof v1.Record>;
/** What a record carries, before its samples are written in columns. */
export type RecordBody = Omit<Encodable<typeof v1.Record>, "sequence" | "atMs" | "body" | "telemetry"> & {
  telemetry?: GivenSamples;
};
export type Gap = Decoded<typeof v1.Gap>;
export type TelemetryBatch = Decoded<typeof v1.TelemetryBatch>;
export type Command = Decoded<typeof v1.Command>;
export type CommandReport = Decoded<typeof v1.CommandReport>;
export type NeighbourPermit = Decoded<typeof v1.NeighbourPermit>;
export type AgentRelease = Decoded<typeof v1.AgentRelease>;
export type CommandOutput = Decoded<typeof v1.CommandOutput>;
export type InventoryReport = Decoded<typeof v1.InventoryReport>;
export type DataSourceReport = Decoded<typeof v1.DataSourceReport>;
export type PolicyReport = Decoded<typeof v1.PolicyReport>;
export type PolicyPack = Decoded<typeof v1.PolicyPackArguments>;
export type AgentEvent = Decoded<typeof v1.AgentEvent>;
