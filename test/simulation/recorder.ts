import { streamNames, unpack, v1, type Record_, type StreamName } from "@edgemere/protocol";
import type { EventLedger } from "./event-ledger.ts";
import { recordedKey, RECORDED, type RecordLedger } from "./record-ledger.ts";
import type { ControlPlaneWatch, SimulatedFeature } from "./simulated-control-plane.ts";

/** Lets the ledgers see what a control plane stores and says. */
export const watchControlPlane = (records: RecordLedger, events: EventLedger): ControlPlaneWatch => ({
  feature: recorder,
  started: (database) => records.audit(database),
  admits: (device) => !events.isRetired(device),
  landed: (operations, isThere) => {
    for (const operation of operations) {
      if (operation.type === "del") continue;
      events.landed(operation.key, operation.value);
      if (operation.key.startsWith(RECORDED)) records.stored(operation.key, operation.value, isThere(operation.key));
    }
  },
  sent: (topic, payload) => {
    const { name, device, message } = unpack(topic, payload);
    if (name !== "ack" && name !== "sync") return;
    for (const { stream = "", upTo = 0 } of message.acknowledgements) records.acknowledged(device, stream, upTo);
  },
});

/** Keeps every received record as it is, in the commit that stores it. */
const keeping =
  (stream: StreamName): NonNullable<NonNullable<SimulatedFeature["receives"]>[StreamName]> =>
  ({ device, records }) =>
    Promise.resolve(
      records.map((record) => ({
        writes: [],
        bytes: [{ key: recordedKey(device, stream, record.sequence), bytes: v1.Record.encode(plain(record)).finish() }],
        appended: [],
      })),
    );

// What a control plane makes of its own, such as an unexplained gap, may be no message yet.
const plain = (record: Record_) => v1.Record.create(record);

const recorder: SimulatedFeature = {
  name: "recorder",
  resources: [],
  actions: [],
  receives: Object.fromEntries(streamNames.map((stream) => [stream, keeping(stream)])),
};
