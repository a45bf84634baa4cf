import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeviceTopicName } from "./codec.ts";
import { ColumnEncoder } from "./column-encoder.ts";
import { limits } from "./limits.ts";
import { v1, type RecordBody } from "./messages.ts";
import type { RefusalReason } from "./protocol-error.ts";
import * as a from "./sample-messages.test-support.ts";
import type { GivenSamples } from "./telemetry-columns.ts";

const { COMMAND_PHASE_FAILED, COMMAND_PHASE_UNSPECIFIED } = v1.CommandPhase;
const many = (length: number, text = "x") => Array.from({ length }, () => text);
const batch = a.aBatch;
const result = (over: v1.CommandReport.$Properties) => batch(a.aReport(over));
const end = (over: v1.CommandReport.$Properties) => batch(a.anEnd(over));
const data = (over: v1.DataSourceReport.$Properties) => batch(a.aDataSource(over));
const rows = (over: Partial<GivenSamples>) => batch(a.someTelemetry(over));
const columns = (over: v1.TelemetryBatch.$Properties) => ({ ...rows({}), records: [a.aTelemetryRecord(over)] });
const schemas = (...all: readonly (readonly v1.TelemetrySeries.$Properties[])[]) => ({
  schemas: all.map((series) => ({ series: [...series] })),
});
const column = (...values: readonly number[]) => new ColumnEncoder().encode(values);
const acks = (length: number) => Array.from({ length }, () => ({ stream: "event", upTo: 1 }));
const envelopes = (length: number) => Array.from({ length }, () => ({}));

// prettier-ignore
const valid: readonly (readonly [name: DeviceTopicName, what: string, message: a.AnyMessage])[] = [
  ["hello", "with everything in it", a.aHello()],
  ["hello", "that says no more than which boot it is", { bootId: "b" }],
  ["hello", "of a device that has not learnt the time", a.aHello({ time: { wallMs: 0, monotonicMs: 1 } })],
  ["bye", "with a reason", a.aBye()],
  ["bye", "without a word", {}],
  ["sync", "with everything in it", a.aSync()],
  ["sync", "of an idle fleet", {}],
  ["command", "in its envelope", a.anEnvelope()],
  ["ack", "of one stream", a.anAck()],
  ["ack", "that asks for a schema", a.anAck({ unknownSchemas: [Buffer.alloc(8, 1)] })],
  ["event", "batch without a record, which only says what is still kept", batch()],
  ["event", "with a fact of each type", batch(a.anInventory({ name: "a", text: "" }, { name: "b", number: 0 }, { name: "c", flag: false }))],
  ["event", "with a data source", data({})],
  ["event", "with the last part of a data source", data({ part: 1, parts: 2 })],
  ["event", "with a data source that could not be read", data({ items: [], tags: {}, parts: 0, failure: "EACCES" })],
  ["event", "with an agent event", batch(a.anAgentEvent())],
  ["event", "with a word on a policy", batch(a.aPolicyReport())],
  ["event", "with a word on a value that is not there", batch(a.aPolicyReport({ looked: [{ what: "x" }], acted: [] }))],
  ["event", "that says which pack of policies runs", batch({ policyReport: { number: 1, packVersion: 2 } })],
  ["event", "that goes on after a gap", batch(a.aGap({ upTo: 4 }), { ...a.anAgentEvent(), sequence: 5 })],
  ["telemetry", "with a row that has no value", rows({ series: [{ metric: "m", values: [Number.NaN, 1] }] })],
  ["telemetry", "with two rows of one instant", rows({ offsetMs: [0, 0] })],
  ["telemetry", "that began before its record was made, as clocks have it", rows({ baseMs: a.NEW_YEAR - 60_000 })],
  ["telemetry", "of a schema that it does not bring", { records: [a.aTelemetryRecord({ columns: [column(1, 2), column(3, 4)] })] }],
  ["telemetry", "gap", batch(a.aGap({ upTo: 1, estimated: true }))],
  ["result", "that the command runs", result({})],
  ["result", "of a ping", end({ ping: { uptimeSeconds: 1.5 } })],
  ["result", "of a program", end({ exec: { exitCode: 0, outputBytes: 1, droppedBytes: 2 } })],
  ["result", "of a script", end({ script: { exitCode: 0, outputBytes: 1, droppedBytes: 2 } })],
  ["result", "of an inventory refresh", end({ inventoryRefresh: { facts: 3 } })],
  ["result", "of a service", end({ serviceStatus: { name: "sshd", manager: "systemd", state: "active", mainPid: 9 } })],
  ["result", "of a service that was restarted", end({ serviceRestart: { name: "sshd", manager: "systemd", mainPid: 9 } })],
  ["result", "of a service that was stopped", end({ serviceStop: { name: "sshd", manager: "systemd", state: "stopped", hasChanged: true } })],
  ["result", "of packages that were upgraded", end({ packageUpgrade: { changes: [{ name: "sed", before: "1", after: "2" }], held: ["vim"] } })],
  ["result", "of logs", end({ logCollect: { sources: [{ name: "/var/log/syslog", bytes: 9, sentBytes: 4 }], totalBytes: 9, droppedBytes: 5 } })],
  ["result", "of a change of the network", end({ networkChange: { exitCode: 0, outputBytes: 1, confirmedAfterMs: 2_000 } })],
  ["result", "of settings", end({ configure: { settings: [{ name: "sample", values: ["1s"] }], hasChanged: true } })],
  ["result", "of a file that was put", end({ filePut: { fetchedBytes: 5, hasChanged: true } })],
  ["result", "of a file that was sent", end({ fileGet: { bytes: 5, sha256: new Uint8Array(32), sentBytes: 5 } })],
  ["result", "of a folder", end({ fileList: { entries: [{ name: "app.log", type: "file", bytes: 5, modifiedAtMs: 1, mode: 0o644 }], hasMore: true } })],
  ["result", "of data that was sent", end({ dataGet: { bytes: 5, sentBytes: 5 } })],
  ["result", "of data that was put", end({ dataPut: { fetchedBytes: 5 } })],
  ["result", "of data that was taken away", end({ dataDrop: { hasChanged: true } })],
  ["result", "of a directory that is told again", end({ dataReport: { files: 3 } })],
  ["result", "of a snapshot of a database", end({ dataSnapshot: { path: "1.dump", bytes: 5, hasChanged: true } })],
  ["result", "of a release of the agent", end({ agentUpgrade: { before: "0.1.0", after: "0.2.0", slot: "a" } })],
  ["result", "of a pack of policies", end({ policyPack: { version: 3 } })],
  ["result", "of a reboot", end({ reboot: { before: "boot-1", after: "boot-2" } })],
  ["log", "with output", batch(a.someOutput(), a.someOutput({ channel: "stderr", offset: 6 }))],
];
for (const [name, what, message] of valid) {
  test(`a ${name} ${what} is accepted`, () => {
    const arrival = a.arrive(name, a.bytesOf(name, message));

    assert.equal(arrival.name, name);
    assert.equal(arrival.device, "d1");
  });
}

type Refused = readonly [
  name: DeviceTopicName,
  what: string,
  message: a.AnyMessage,
  reason: RefusalReason,
  field: RegExp,
];
// prettier-ignore
const refused: readonly Refused[] = [
  ["hello", "without a boot id", a.aHello({ bootId: "" }), "missing-field", /^boot_id /],
  ["hello", "with a boot id of 129 characters", a.aHello({ bootId: "b".repeat(129) }), "out-of-range", /^boot_id /],
  ["hello", "with a version of 65 characters", a.aHello({ agentVersion: "v".repeat(65) }), "out-of-range", /^agent_version /],
  ["hello", "with 101 capabilities", a.aHello({ capabilities: many(101) }), "too-many", /^capabilities /],
  ["hello", "with a capability of 65 characters", a.aHello({ capabilities: ["c".repeat(65)] }), "out-of-range", /^capabilities /],
  ["hello", "with 17 streams", a.aHello({ streams: envelopes(17) }), "too-many", /^streams /],
  ["hello", "with 1001 open commands", a.aHello({ openCommands: many(1_001) }), "too-many", /^open_commands /],
  ["hello", "with an open command that is no id", a.aHello({ openCommands: ["a/b"] }), "bad-id", /^open_commands /],
  ["hello", "with 33 conditions", a.aHello({ conditions: many(33) }), "too-many", /^conditions /],
  ["hello", "with a condition of 65 characters", a.aHello({ conditions: ["c".repeat(65)] }), "out-of-range", /^conditions /],
  ["hello", "from before 1970", a.aHello({ time: { wallMs: -1 } }), "out-of-range", /^time\.wall_ms /],
  ["hello", "in microseconds", a.aHello({ time: { wallMs: a.NEW_YEAR * 1_000 } }), "out-of-range", /^time\.wall_ms /],
  ["hello", "with an endless uptime", a.aHello({ time: { monotonicMs: Infinity } }), "not-finite", /^time\.monotonic_ms /],
  ["hello", "with an uptime that is no number", a.aHello({ time: { monotonicMs: Number.NaN } }), "not-finite", /^time\.monotonic_ms /],
  ["bye", "with a reason of 257 characters", a.aBye({ reason: "r".repeat(257) }), "out-of-range", /^reason /],
  ["sync", "with 17 acknowledgements", a.aSync({ acknowledgements: acks(17) }), "too-many", /^acknowledgements /],
  ["sync", "with a stream name of 33 characters", a.aSync({ acknowledgements: [{ stream: "s".repeat(33) }] }), "out-of-range", /^acknowledgements\.stream /],
  ["sync", "with 1001 commands", a.aSync({ commands: envelopes(1_001) }), "too-many", /^commands /],
  ["sync", "with a command over its own limit", a.aSync({ commands: [{ payload: Buffer.alloc(limits.commandBytes + 1) }] }), "too-large", /^commands\.payload /],
  ["sync", "with a head over its own limit", a.aSync({ head: { payload: Buffer.alloc(limits.commandBytes + 1) } }), "too-large", /^head\.payload /],
  ["sync", "with a head signed nine times", a.aSync({ head: { signatures: envelopes(9) } }), "too-many", /^head\.signatures /],
  ["sync", "that answers a hello of no time", a.aSync({ helloMonotonicMs: Number.NaN }), "not-finite", /^hello_monotonic_ms /],
  ["sync", "of the year 2200", a.aSync({ serverTimeMs: 7_258_118_400_001 }), "out-of-range", /^server_time_ms /],
  ["command", "with a type of 129 characters", a.anEnvelope({ payloadType: "t".repeat(129) }), "out-of-range", /^command\.payload_type /],
  ["command", "signed nine times", a.anEnvelope({ signatures: envelopes(9) }), "too-many", /^command\.signatures /],
  ["command", "with a key id of 129 characters", a.anEnvelope({ signatures: [{ keyId: "k".repeat(129) }] }), "out-of-range", /^command\.signatures\.key_id /],
  ["ack", "of 17 streams", a.anAck({ acknowledgements: acks(17) }), "too-many", /^acknowledgements /],
  ["ack", "from before 1970", a.anAck({ serverTimeMs: -1 }), "out-of-range", /^server_time_ms /],
  ["event", "batch of 1001 records", batch(...envelopes(1_001)), "too-many", /^records /],
  ["event", "batch of 65 clock periods", { ...batch(a.anAgentEvent()), clocks: envelopes(65) }, "too-many", /^clocks /],
  ["event", "batch of a clock that is off by more than there are years", { ...batch(a.anAgentEvent()), clocks: [{ offsetMs: -8e12 }] }, "out-of-range", /^clocks\.offset_ms /],
  ["event", "without a number", { records: [a.anAgentEvent()] }, "missing-field", /^records\.sequence /],
  ["event", "without a body", batch({}), "missing-field", /^records\.body /],
  ["event", "from before 1970", batch({ ...a.anAgentEvent(), atMs: -1 }), "out-of-range", /^records\.at_ms /],
  ["event", "after a hole", batch(a.anAgentEvent(), { ...a.anAgentEvent(), sequence: 3 }), "out-of-range", /is 3 where 2 must follow/],
  ["event", "said twice", batch(a.anAgentEvent(), { ...a.anAgentEvent(), sequence: 1 }), "out-of-range", /is 1 where 2 must follow/],
  ["event", "inside its own gap", batch(a.aGap({ upTo: 4 }), { ...a.anAgentEvent(), sequence: 4 }), "out-of-range", /is 4 where 5 must follow/],
  ["event", "gap that ends before it begins", batch({ ...a.aGap({ upTo: 4 }), sequence: 5 }), "out-of-range", /^gap\.up_to /],
  ["event", "gap without a reason", batch(a.aGap({ reason: "" })), "missing-field", /^gap\.reason /],
  ["event", "gap from before 1970", batch(a.aGap({ fromMs: -1 })), "out-of-range", /^gap\.from_ms /],
  ["event", "gap that ends before 1970", batch(a.aGap({ toMs: -1 })), "out-of-range", /^gap\.to_ms /],
  ["event", "fact without a name", batch(a.anInventory({ text: "x" })), "missing-field", /^inventory\.facts\.name /],
  ["event", "fact without a value", batch(a.anInventory({ name: "x" })), "missing-field", /^inventory\.facts\.value /],
  ["event", "fact that is no number", batch(a.anInventory({ name: "x", number: Number.NaN })), "not-finite", /^inventory\.facts\.number /],
  ["event", "fact of 4097 characters", batch(a.anInventory({ name: "x", text: "t".repeat(4_097) })), "out-of-range", /^inventory\.facts\.text /],
  ["event", "inventory of 501 facts", batch(a.anInventory(...envelopes(501))), "too-many", /^inventory\.facts /],
  ["event", "data source without a name", data({ name: "" }), "missing-field", /^data_source\.name /],
  ["event", "data source with a path of 4097 characters", data({ path: "p".repeat(4_097) }), "out-of-range", /^data_source\.path /],
  ["event", "data source with a failure of 4097 characters", data({ failure: "f".repeat(4_097) }), "out-of-range", /^data_source\.failure /],
  ["event", "data source of 1001 items", data({ items: envelopes(1_001) }), "too-many", /^data_source\.items /],
  ["event", "data source without a report id", data({ report: "" }), "bad-id", /^data_source\.report /],
  ["event", "data source whose part is one of none", data({ part: 1, parts: 0 }), "out-of-range", /^data_source\.part /],
  ["event", "data source whose part is beyond its parts", data({ part: 2, parts: 2 }), "out-of-range", /^data_source\.part /],
  ["event", "data item without a name", data({ items: [a.anItem({ name: "" })] }), "missing-field", /^data_source\.items\.name /],
  ["event", "data item with half a hash", data({ items: [a.anItem({ hash: Buffer.alloc(16) })] }), "out-of-range", /^data_source\.items\.hash /],
  ["event", "data item without a hash", data({ items: [{ name: "a" }] }), "out-of-range", /^data_source\.items\.hash /],
  ["event", "data item from before 1970", data({ items: [a.anItem({ modifiedAtMs: -1 })] }), "out-of-range", /^data_source\.items\.modified_at_ms /],
  ["event", "data source with 65 tags", data({ tags: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`t${i}`, ""])) }), "too-many", /^data_source\.tags /],
  ["event", "data source with a nameless tag", data({ tags: { "": "x" } }), "missing-field", /^data_source\.tags /],
  ["event", "data source with a tag of 257 characters", data({ tags: { t: "x".repeat(257) } }), "out-of-range", /^data_source\.tags /],
  ["event", "data item with 17 tags", data({ items: [a.anItem({ tags: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`t${i}`, ""])) })] }), "too-many", /^data_source\.items\.tags /],
  ["event", "data item with a tag of 257 characters", data({ items: [a.anItem({ tags: { t: "x".repeat(257) } })] }), "out-of-range", /^data_source\.items\.tags /],
  ["event", "data source of a kind of 257 characters", data({ kind: "k".repeat(257) }), "out-of-range", /^data_source\.kind /],
  ["event", "data source with a condition of 4097 characters", data({ condition: "c".repeat(4_097) }), "out-of-range", /^data_source\.condition /],
  ["event", "data source that is tried again before 1970", data({ nextTryAtMs: -1 }), "out-of-range", /^data_source\.next_try_at_ms /],
  ["event", "that the agent did not name", batch(a.anAgentEvent({ name: "" })), "missing-field", /^agent_event\.name /],
  ["event", "with a word on a policy in no state", batch(a.aPolicyReport({ state: "nodata" })), "out-of-range", /^policy_report\.state /],
  ["event", "with a policy of 257 characters", batch(a.aPolicyReport({ policy: "p".repeat(257) })), "out-of-range", /^policy_report\.policy /],
  ["event", "with a word of a number below zero", batch(a.aPolicyReport({ number: -1 })), "out-of-range", /^policy_report\.number /],
  ["event", "with 17 values that were looked at", batch(a.aPolicyReport({ looked: envelopes(17) })), "too-many", /^policy_report\.looked /],
  ["event", "with a value that is no number", batch(a.aPolicyReport({ looked: [{ what: "x", value: Number.NaN }] })), "not-finite", /^policy_report\.looked\.value /],
  ["event", "with nine commands that followed", batch(a.aPolicyReport({ acted: many(9).map((command) => ({ kind: "ping", command })) })), "too-many", /^policy_report\.acted /],
  ["event", "with a command that is no id", batch(a.aPolicyReport({ acted: [{ kind: "ping", command: "a/b" }] })), "bad-id", /^policy_report\.acted\.command /],
  ["event", "with a detail of 4097 characters", batch(a.anAgentEvent({ detail: "d".repeat(4_097) })), "out-of-range", /^agent_event\.detail /],
  ["telemetry", "without a row", columns({ rows: 0 }), "missing-field", /^telemetry\.rows /],
  ["telemetry", "without times", columns({ times: new Uint8Array() }), "missing-field", /^telemetry\.times /],
  ["telemetry", "of a schema whose name is cut", columns({ schema: Buffer.alloc(7) }), "out-of-range", /^telemetry\.schema /],
  ["telemetry", "of 3601 rows", columns({ rows: 3_601, columns: [] }), "too-many", /^telemetry\.rows is 3601 /],
  ["telemetry", "of 1001 columns", columns({ columns: Array.from({ length: 1_001 }, () => column(1, 2)) }), "too-many", /in 1001 columns/],
  ["telemetry", "of 100,800 samples in a few bytes", columns({ rows: 3_600, columns: Array.from({ length: 28 }, () => Uint8Array.of(0)) }), "too-many", /100000 samples/],
  ["telemetry", "of three times 80,000 samples", { records: [1, 2, 3].map((sequence) => ({ ...a.aTelemetryRecord({ rows: 800, columns: many(100).map(() => column(1)) }), sequence })) }, "too-many", /^records have 240000 samples/],
  ["telemetry", "with a column too few", columns({ columns: [] }), "out-of-range", /has 0 columns for the 1 series/],
  ["telemetry", "with a column too many", columns({ columns: [column(1, 2), column(1, 2)] }), "out-of-range", /has 2 columns for the 1 series/],
  ["telemetry", "with a value too few", columns({ columns: [column(1)] }), "malformed", /column/],
  ["telemetry", "with a value too many", columns({ columns: [column(1, 2, 3)] }), "malformed", /column/],
  ["telemetry", "with a column of nothing", columns({ columns: [new Uint8Array()] }), "malformed", /column/],
  ["telemetry", "with an infinite value", columns({ columns: [column(1, -Infinity)] }), "not-finite", /cpu\.busy_percent has an infinite value/],
  ["telemetry", "whose rows go back in time", columns({ times: column(5, 4) }), "out-of-range", /^telemetry\.times of row 1 is 4/],
  ["telemetry", "with half a millisecond", columns({ times: column(0, 0.5) }), "out-of-range", /^telemetry\.times of row 1 is 0\.5/],
  ["telemetry", "with a row at no time", columns({ times: column(0, Number.NaN) }), "out-of-range", /^telemetry\.times of row 1 is NaN/],
  ["telemetry", "from before 1970", columns({ times: column(-1 - a.NEW_YEAR, 0) }), "out-of-range", /^telemetry\.times and records\.at_ms /],
  ["telemetry", "from after the year 2200", columns({ times: column(0, 8e12) }), "out-of-range", /^telemetry\.times and records\.at_ms /],
  ["telemetry", "of more than 49 days", columns({ times: column(-(2 ** 32), 0) }), "out-of-range", /^telemetry\.times spans /],
  ["telemetry", "with 65 schemas", schemas(...envelopes(65).map(() => [])), "too-many", /^schemas /],
  ["telemetry", "schema of 1001 series", schemas(envelopes(1_001)), "too-many", /^schemas\.series /],
  ["telemetry", "schema with a series without a metric", schemas([{ instance: "0" }]), "missing-field", /^schemas\.series\.metric /],
  ["telemetry", "schema with an instance of 257 characters", schemas([{ metric: "m", instance: "i".repeat(257) }]), "out-of-range", /^schemas\.series\.instance /],
  ["telemetry", "schema that names a series twice", schemas([{ metric: "m" }, { metric: "n" }, { metric: "m" }]), "out-of-range", /names 1 series twice/],
  ["result", "of no command", result({ command: "" }), "bad-id", /^command_report\.command /],
  ["result", "without a phase", result({ phase: COMMAND_PHASE_UNSPECIFIED }), "out-of-range", /phase 0 is unknown/],
  ["result", "in a phase of the future", result({ phase: 99 as v1.CommandPhase }), "out-of-range", /phase 99 is unknown/],
  ["result", "in a negative phase", result({ phase: -1 as v1.CommandPhase }), "out-of-range", /phase -1 is unknown/],
  ["result", "with a reason of 65 characters", result({ reason: "r".repeat(65) }), "out-of-range", /^command_report\.reason /],
  ["result", "with a detail of 4097 characters", result({ detail: "d".repeat(4_097) }), "out-of-range", /^command_report\.detail /],
  ["result", "that began before 1970", result({ startedAtMs: -1 }), "out-of-range", /^command_report\.started_at_ms /],
  ["result", "that ended at no time", result({ phase: COMMAND_PHASE_FAILED }), "missing-field", /^command_report\.finished_at_ms /],
  ["result", "of a machine that is up for ever", end({ ping: { uptimeSeconds: Infinity } }), "not-finite", /^command_report\.ping\.uptime_seconds /],
  ["result", "ended by a signal of 65 characters", end({ exec: { signal: "S".repeat(65) } }), "out-of-range", /^command_report\.exec\.signal /],
  ["result", "of a script that a signal of 65 characters ended", end({ script: { signal: "S".repeat(65) } }), "out-of-range", /^command_report\.script\.signal /],
  ["result", "of a service in a state of 257 characters", end({ serviceStatus: { state: "s".repeat(257) } }), "out-of-range", /^command_report\.service_status /],
  ["result", "of a service with a detail of 4097 characters", end({ serviceStatus: { detail: "d".repeat(4_097) } }), "out-of-range", /^command_report\.service_status\.detail /],
  ["result", "of a restart by a manager with 257 characters", end({ serviceRestart: { manager: "m".repeat(257) } }), "out-of-range", /^command_report\.service_restart /],
  ["result", "of a start of a service in a state of 257 characters", end({ serviceStart: { state: "s".repeat(257) } }), "out-of-range", /^command_report\.service_change /],
  ["result", "of a reload of a service with a detail of 4097 characters", end({ serviceReload: { detail: "d".repeat(4_097) } }), "out-of-range", /^command_report\.service_change\.detail /],
  ["result", "of 501 changed packages", end({ packageInstall: { changes: Array.from({ length: 501 }, () => ({})) } }), "too-many", /^command_report\.package\.changes /],
  ["result", "of a package with a version of 257 characters", end({ packageRemove: { changes: [{ before: "1".repeat(257) }] } }), "out-of-range", /^command_report\.package\.changes /],
  ["result", "of a held package with a name of 257 characters", end({ packageInstall: { held: ["h".repeat(257)] } }), "out-of-range", /^command_report\.package\.held /],
  ["result", "of 501 logs", end({ logCollect: { sources: Array.from({ length: 501 }, () => ({})) } }), "too-many", /^command_report\.log_collect\.sources /],
  ["result", "of a log with a name of 4097 characters", end({ logCollect: { sources: [{ name: "n".repeat(4_097) }] } }), "out-of-range", /^command_report\.log_collect\.sources /],
  ["result", "of 33 settings", end({ configure: { settings: Array.from({ length: 33 }, () => ({ name: "a" })) } }), "too-many", /^command_report\.configure\.settings /],
  ["result", "of a setting with 101 values", end({ configure: { settings: [{ name: "a", values: Array.from({ length: 101 }, () => "") }] } }), "too-many", /^command_report\.configure\.settings\.values /],
  ["result", "of a file with a hash of 31 bytes", end({ fileGet: { bytes: 5, sha256: new Uint8Array(31) } }), "out-of-range", /^command_report\.file_get\.sha256 /],
  ["result", "of a folder with 201 entries", end({ fileList: { entries: Array.from({ length: 201 }, () => ({})) } }), "too-many", /^command_report\.file_list\.entries /],
  ["result", "of a folder with a name of 4097 characters", end({ fileList: { entries: [{ name: "n".repeat(4_097) }] } }), "out-of-range", /^command_report\.file_list\.entries\.name /],
  ["result", "of a file that was changed in the year 2300", end({ fileList: { entries: [{ modifiedAtMs: 10_413_792_000_000 }] } }), "out-of-range", /^command_report\.file_list\.entries\.modified_at_ms /],
  ["result", "of a release with a version of 257 characters", end({ agentUpgrade: { after: "v".repeat(257) } }), "out-of-range", /^command_report\.agent_upgrade /],
  ["result", "of a reboot into a boot id of 129 characters", end({ reboot: { after: "b".repeat(129) } }), "out-of-range", /^command_report\.reboot /],
  ["log", "of no command", batch(a.someOutput({ command: "" })), "bad-id", /^command_output\.command /],
  ["log", "on a third channel", batch(a.someOutput({ channel: "stdin" })), "out-of-range", /^command_output\.channel /],
];
for (const [name, what, message, reason, field] of refused) {
  test(`a ${name} ${what} is refused as ${reason}`, () => {
    const payload = a.bytesOf(name, message);

    assert.throws(() => a.arrive(name, payload), { name: "ProtocolError", reason, message: field });
  });
}

// prettier-ignore
const strays: readonly (readonly [stream: "result" | "event" | "telemetry" | "log", body: string, record: RecordBody])[] = [
  ["result", "inventory", a.anInventory()],
  ["result", "commandOutput", a.someOutput()],
  ["event", "commandReport", a.aReport()],
  ["event", "telemetry", a.someTelemetry()],
  ["telemetry", "agentEvent", a.anAgentEvent()],
  ["telemetry", "dataSource", a.aDataSource()],
  ["log", "commandReport", a.aReport()],
];
for (const [stream, body, record] of strays) {
  test(`stream ${stream} does not carry ${body}`, () => {
    const payload = a.bytesOf(stream, batch(record));

    assert.throws(() => a.arrive(stream, payload), { name: "ProtocolError", reason: "wrong-body" });
  });
}
