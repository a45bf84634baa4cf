import type { v1 } from "./messages.ts";

export type RecordBodyName = NonNullable<v1.Record.$Shape["body"]>;

/** The numbered sequences of records of a device, most important first, and what may travel in each. */
export const streams = {
  result: { bodies: ["commandReport", "signedReport", "gap"] },
  event: { bodies: ["inventory", "dataSource", "agentEvent", "policyReport", "gap"] },
  telemetry: { bodies: ["telemetry", "gap"] },
  log: { bodies: ["commandOutput", "gap"] },
} as const satisfies Record<string, { readonly bodies: readonly RecordBodyName[] }>;

export type StreamName = keyof typeof streams;
export const streamNames = Object.keys(streams) as StreamName[];
export const isStreamName = (name: string): name is StreamName => Object.hasOwn(streams, name);
