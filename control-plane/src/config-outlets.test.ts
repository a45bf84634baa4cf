import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "./config.ts";

const outletsOf = (...argv: readonly string[]) => readConfig(argv, {}).outlets;

test("without a word nothing leaves by itself, and /metrics has no port of its own", () => {
  assert.deepEqual(outletsOf(), {
    metrics: undefined,
    fleet: { metrics: [], labels: [], series: 20_000 },
    targets: { "remote-write": undefined, otlp: undefined },
    isToldToSubscribers: false,
    objectStores: [],
    sent: [],
  });
});

test("each option of an outlet reaches its own place", () => {
  const { metrics, fleet } = outletsOf(
    "--metrics-host",
    "10.0.0.4",
    "--metrics-port",
    "9100",
    "--metrics-fleet",
    "cpu.busy_percent",
    "--metrics-fleet",
    "filesystem.*",
    "--metrics-label",
    "site",
    "--metrics-series",
    "9",
  );

  assert.deepEqual(metrics, { host: "10.0.0.4", port: 9_100 });
  assert.deepEqual(fleet, { metrics: ["cpu.busy_percent", "filesystem.*"], labels: ["site"], series: 9 });
});

test("a target is told with the file of its credential", () => {
  const { targets, sent, isToldToSubscribers } = outletsOf(
    "--subscribers-telemetry=on",
    "--remote-write=https://metrics.example.org/api/v1/write",
    "--remote-write-authorization=/etc/edgemere/remote-write",
    "--otlp=http://127.0.0.1:4318/v1/metrics",
    "--send-metric=cpu.*",
  );

  assert.deepEqual(targets, {
    "remote-write": {
      url: "https://metrics.example.org/api/v1/write",
      authorizationFile: "/etc/edgemere/remote-write",
    },
    otlp: { url: "http://127.0.0.1:4318/v1/metrics", authorizationFile: undefined },
  });
  assert.deepEqual(sent, ["cpu.*"]);
  assert.ok(isToldToSubscribers);
});

for (const [argv, message] of [
  [["--metrics-port", "none"], /--metrics-port.*"none" is no whole number/],
  [["--metrics-fleet", "*"], /--metrics-fleet.*"\*" is no metric/],
  [["--metrics-fleet", "cpu busy"], /--metrics-fleet.*write it like cpu\.busy_percent/],
  [["--otlp", "http://metrics.example.org/v1/metrics"], /--otlp.*without TLS only on this machine/],
  [["--subscribers-telemetry", "yes"], /--subscribers-telemetry.*"yes" is none of on, off/],
  [["--otlp", "ftp://127.0.0.1/"], /--otlp.*is no target/],
  [
    ["--remote-write", "https://me:secret@example.org/"],
    /--remote-write.*the address of example\.org holds a credential/,
  ],
  [["--otlp-authorization", "/etc/token"], /--otlp-authorization is for nobody without --otlp URL/],
] as const)
  test(`"${argv.join(" ")}" is refused, and the option named`, () => {
    assert.throws(() => outletsOf(...argv), { name: "ConfigError", message });
  });

test("an object store is told by where it is and nothing more", () => {
  const { objectStores } = outletsOf("--object-store=https://s3.example.org/", "--object-store=http://127.0.0.1:9000");
  assert.deepEqual(objectStores, ["https://s3.example.org", "http://127.0.0.1:9000"]);

  for (const wrong of [
    "https://s3.example.org/bucket",
    "https://k:s@s3.example.org",
    "http://10.0.0.1:9000",
    "ftp://s3",
  ])
    assert.throws(() => outletsOf(`--object-store=${wrong}`), /object-store|credential|no target/);
});
