import { limits } from "./limits.ts";
import { v1 } from "./messages.ts";
import * as a from "./sample-messages.test-support.ts";
import { topics } from "./topics.ts";
import {
  valid,
  refused,
  noMessage,
  aFrame,
  signedContent,
  sealedCommand,
  sealedHead,
  content,
  signed,
  signedRefused,
  changed,
  signature,
  event,
  columns,
  column,
  type VectorFile,
} from "./vector.test-support.ts";

/** Every vector that lies in `vectors/`. */
export const vectorFiles: readonly VectorFile[] = [
  valid("hello", "hello", "What an agent says first on every connection", a.aHello()),
  valid("hello-smallest", "hello", "A hello needs no more than the boot id", { bootId: "b" }),
  valid("bye", "bye", "The last word of a session", a.aBye()),
  valid("bye-empty", "bye", "No bytes at all are a message whose fields are at their defaults", {}),
  valid("sync", "sync", "The answer to a hello", a.aSync({ commands: [sealedCommand], head: sealedHead })),
  valid("ack", "ack", "Everything up to 9 of the event stream is stored", a.anAck()),
  valid("ack-unknown-schema", "ack", "Nothing more is stored: a schema is to be sent again", {
    ...a.anAck({ acknowledgements: [{ stream: "telemetry", upTo: 9 }] }),
    unknownSchemas: [Buffer.from("0123456789abcdef", "hex")],
  }),
  valid("ack-largest-number", "ack", "2^53 - 1 is the largest counter", {
    acknowledgements: [{ stream: "event", upTo: Number.MAX_SAFE_INTEGER }],
  }),
  signed(valid("command", "command", "A signed command", sealedCommand), content),
  signed(
    valid("sync-head", "sync", "A sync whose head is signed", { sessionEpoch: 7, head: sealedHead }),
    signedContent("syncHead", sealedHead.payload ?? new Uint8Array()),
  ),
  valid("telemetry", "telemetry", "Two rows of one series, and their schema", event(a.someTelemetry())),
  valid("telemetry-known-schema", "telemetry", "The same where the schema is known already", {
    ...event(a.someTelemetry()),
    schemas: [],
  }),
  valid(
    "telemetry-columns",
    "telemetry",
    "Columns written in each way: none, values, differences, their differences, doubles, and some without a value",
    event(
      a.someTelemetry({
        offsetMs: [0, 1_000, 2_000, 3_000, 4_000],
        series: [
          { metric: "absent", values: [NaN, NaN, NaN, NaN, NaN] },
          { metric: "scaled", values: [0.1, -0.2, 0.1, 12.5, 0] },
          { metric: "counter", values: [1e9, 1e9 + 7, 1e9 + 7, 1e9 + 21, 1e9 + 40] },
          { metric: "steady", values: [100, 200, 300, 400, 500] },
          { metric: "doubles", values: [Math.PI, Math.E, Math.E, -0, 5e-324] },
          { metric: "sparse", instance: "0", values: [NaN, 1, NaN, NaN, 2] },
        ],
      }),
    ),
  ),
  valid("telemetry-without-a-value", "telemetry", "NaN stands where a row has no value", {
    ...event(a.someTelemetry({ series: [{ metric: "temperature.celsius", values: [Number.NaN, -1.5] }] })),
  }),
  valid("telemetry-hold", "telemetry", "The value of the first row stands in the second, for five minutes at most", {
    ...event(a.someTelemetry({ series: [{ metric: "temperature.celsius", values: [40, NaN], holdMs: 300_000 }] })),
  }),
  valid(
    "telemetry-sketches",
    "telemetry",
    "The first row stands for three values: how these lay goes with their mean",
    {
      ...event(a.someTelemetry({ series: [a.sketchedSeries] })),
    },
  ),
  valid("telemetry-gap", "telemetry", "Records 1 to 10 will never come", event(a.aGap())),
  valid(
    "event-after-a-gap",
    "event",
    "A record goes on after the last number of a gap",
    event(a.aGap({ upTo: 4 }), { ...a.anAgentEvent(), sequence: 5 }),
  ),
  valid("event-nothing-new", "event", "A batch without records says what is still kept", event()),
  valid(
    "inventory",
    "event",
    "Facts of each type; a fact at its default is still there",
    event(
      a.anInventory(
        { name: "os.name", text: "Debian" },
        { name: "cpu.count", number: 0 },
        { name: "virtual", flag: false },
      ),
    ),
  ),
  valid("data-source", "event", "What a data directory holds", event(a.aDataSource())),
  valid("data-source-changes", "event", "What has changed in a data directory", event(a.someChangesOfData())),
  valid(
    "data-source-recorded",
    "event",
    "A stream that a device records, and that is interrupted",
    event(a.aRecordedSource()),
  ),
  valid("command-running", "result", "A command has begun", event(a.aReport())),
  valid(
    "command-succeeded",
    "result",
    "A program ended well",
    event(a.anEnd({ exec: { exitCode: 0, outputBytes: 6 } })),
  ),
  valid(
    "command-failed",
    "result",
    "A program ended with an exit code below 0",
    event(
      a.anEnd({
        phase: v1.CommandPhase.COMMAND_PHASE_FAILED,
        reason: "exit-code",
        detail: "exit code -1",
        exec: { exitCode: -1 },
      }),
    ),
  ),
  valid(
    "command-restarted-a-service",
    "result",
    "A service runs as another process",
    event(a.anEnd({ serviceRestart: { name: "mosquitto", manager: "systemd", mainPid: 412 } })),
  ),
  valid(
    "command-stopped-a-service",
    "result",
    "A service does not run any more",
    event(
      a.anEnd({
        serviceStop: {
          name: "mosquitto",
          manager: "systemd",
          state: "stopped",
          detail: "inactive (dead)",
          hasChanged: true,
        },
      }),
    ),
  ),
  valid(
    "command-rebooted",
    "result",
    "A device is back in another boot",
    event(a.anEnd({ reboot: { before: "5f1d8c7e", after: "a90b23f4" } })),
  ),
  valid("output", "log", "What a command wrote", event(a.someOutput())),
  valid("terminal", "terminal", "A sealed piece of what a terminal shows", aFrame),
  valid("keystrokes", "keystrokes", "A sealed piece of what is typed at it", aFrame),

  noMessage("truncated", "malformed", "A field ends before its length", "0a"),
  noMessage("length-beyond-the-end", "malformed", "A text is longer than the message", "0a05414243"),
  noMessage("endless-number", "malformed", "A number of 11 bytes", "10ffffffffffffffffffff01"),
  noMessage("bad-utf8", "malformed", "A text that is no UTF-8", "0a02c328"),
  noMessage("wire-type-6", "malformed", "A wire type that does not exist", "0e00"),
  noMessage("unknown-topic", "unknown-topic", "Nobody speaks on this topic", "", "edgemere/v1/d1/up/else"),
  noMessage("reserved-device", "unknown-topic", "No device is called events", "", "edgemere/v1/events/up/hello"),
  refused("bye-too-large", "bye", "too-large", "One byte over the topic's limit", {
    reason: "r".repeat(topics.bye.maxBytes - 2),
  }),
  refused("hello-without-boot-id", "hello", "missing-field", "A hello needs a boot id", a.aHello({ bootId: "" })),
  refused(
    "hello-counter-too-large",
    "hello",
    "out-of-range",
    "2^53 is no counter",
    a.aHello({ sessionEpoch: 2 ** 53 }),
  ),
  refused(
    "hello-in-microseconds",
    "hello",
    "out-of-range",
    "Instants are milliseconds",
    a.aHello({ time: { wallMs: a.NEW_YEAR * 1_000 } }),
  ),
  refused("hello-bad-command-id", "hello", "bad-id", "An id has no slash", a.aHello({ openCommands: ["a/b"] })),
  refused("records-with-a-hole", "event", "out-of-range", "Numbers of one batch have no holes", {
    ...event(a.anAgentEvent(), { ...a.anAgentEvent(), sequence: 3 }),
  }),
  refused("record-without-number", "event", "missing-field", "Numbers start at 1", { records: [a.anAgentEvent()] }),
  refused("record-without-body", "event", "missing-field", "A record carries something", event({})),
  refused(
    "record-on-another-stream",
    "telemetry",
    "wrong-body",
    "Telemetry carries no events",
    event(a.anAgentEvent()),
  ),
  refused("too-many-records", "event", "too-many", "One record more than a batch holds", {
    records: Array.from({ length: limits.batchRecords + 1 }, () => ({})),
  }),
  refused("gap-backwards", "event", "out-of-range", "A gap ends where it begins or later", {
    ...event({ ...a.aGap({ upTo: 4 }), sequence: 5 }),
  }),
  refused(
    "telemetry-ragged",
    "telemetry",
    "malformed",
    "A column has a value for each row",
    columns({ columns: [column(1)] }),
  ),
  refused(
    "telemetry-sketches-elsewhere",
    "telemetry",
    "out-of-range",
    "Sketches are of a column that is there",
    columns({ sketches: [{ column: 1 }] }),
  ),
  refused(
    "telemetry-sketches-of-nothing",
    "telemetry",
    "out-of-range",
    "No value lies in a bucket minus one times",
    columns({
      sketches: [{ size: 1, sizes: column(1, 0), smallest: column(0, 0), buckets: column(40_000), counts: column(-1) }],
    }),
  ),
  refused(
    "telemetry-sketches-enormous",
    "telemetry",
    "too-many",
    "Buckets count as samples",
    columns({ sketches: [{ size: limits.telemetrySamples }] }),
  ),
  refused(
    "telemetry-column-missing",
    "telemetry",
    "out-of-range",
    "There is a column for each series of the schema",
    columns({ columns: [] }),
  ),
  refused(
    "telemetry-infinite",
    "telemetry",
    "not-finite",
    "An infinity is nobody's measurement",
    columns({ columns: [column(1, Infinity)] }),
  ),
  refused(
    "telemetry-bomb",
    "telemetry",
    "too-many",
    "What a few bytes stand for is bounded before they are read",
    columns({ rows: 3_600, columns: Array.from({ length: 28 }, () => Uint8Array.of(0)) }),
  ),
  refused("telemetry-hold-too-long", "telemetry", "out-of-range", "No value stands for longer than a day", {
    schemas: [{ series: [{ metric: "m", holdMs: 86_400_001 }] }],
  }),
  refused("telemetry-series-twice", "telemetry", "out-of-range", "No two series of a schema are the same", {
    schemas: [{ series: [{ metric: "m" }, { metric: "m" }] }],
  }),
  refused("output-on-a-third-channel", "log", "out-of-range", "Output is stdout or stderr", {
    ...event(a.someOutput({ channel: "stdin" })),
  }),
  refused(
    "ended-at-no-time",
    "result",
    "missing-field",
    "An end has its instant",
    event(a.aReport({ phase: v1.CommandPhase.COMMAND_PHASE_FAILED })),
  ),
  refused("half-a-hash", "event", "out-of-range", "A hash has 32 bytes", {
    ...event(a.aDataSource({ items: [a.anItem({ hash: Buffer.alloc(16) })] })),
  }),
  signedRefused("command-changed", "bad-signature", "One bit of the payload is not as it was signed", {
    payload: changed(sealedCommand.payload ?? new Uint8Array()),
  }),
  signedRefused("command-of-another-type", "wrong-body", "A signed head is no command", { ...sealedHead }),
  signedRefused("command-of-a-stranger", "unknown-key", "No key of this name is known", {
    signatures: [{ ...signature, keyId: "stranger" }],
  }),
  signedRefused("command-unsigned", "unknown-key", "Nobody signed it", { signatures: [] }),
];
