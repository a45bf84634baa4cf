import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import protobuf from "protobufjs";
import { uncompress } from "snappyjs";
import { otlp, rejectedIn } from "./otlp.ts";
import { pointsOf, type Sending } from "./point.ts";
import { remoteWrite } from "./remote-write.ts";

const device = { id: "d1", name: 'the "gate"', labels: { site: "berlin", other: "no" } };
const sending = (metric: string, instance: string, ...samples: readonly (readonly [number, number])[]): Sending => ({
  device,
  series: [{ metric, instance, at: samples.map(([at]) => at), value: samples.map(([, value]) => value) }],
});

test("series are sent once each, with ascending instants, each once and the later value", () => {
  const arrivals = [
    sending("load", "", [3_000, 3], [4_000, 4]),
    sending("load", "", [1_000, 1], [3_000, 33], [0, 9], [-5, 9]),
    sending("load", "b", [2_000, 2]),
  ];

  assert.deepEqual(
    pointsOf(arrivals, []).map(({ instance, samples }) => [instance, samples]),
    [
      [
        "",
        [
          [1_000, 1],
          [3_000, 33],
          [4_000, 4],
        ],
      ],
      ["b", [[2_000, 2]]],
    ],
  );
  assert.deepEqual(pointsOf(arrivals, ["cpu.*"]), []);
});

// As the protocol's own definition has it (prometheus/prompb), written down from the specification.
const { root } = protobuf.parse(`syntax = "proto3";
message WriteRequest { repeated TimeSeries timeseries = 1; }
message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
message Label { string name = 1; string value = 2; }
message Sample { double value = 1; int64 timestamp = 2; }`);

test("a request of remote-write is what its definition reads, whatever stands in names and values", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1 });
  // The reader takes -0 for the default, which is 0.
  const value = fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0);
  const row = fc.tuple(fc.integer({ min: 1, max: 8e15 }), value);
  fc.assert(
    fc.property(text, text, fc.uniqueArray(row, { selector: ([at]) => at, minLength: 1 }), (metric, name, samples) => {
      const [points] = pointsOf([{ ...sending(metric, "", ...samples), device: { ...device, name } }], []);
      const { body } = remoteWrite(points ? [points] : [], ["site"]);
      const type = root.lookupType("WriteRequest");
      const read = type.toObject(type.decode(uncompress(body)), { longs: Number, defaults: true }) as {
        readonly timeseries: readonly [{ readonly labels: readonly object[]; readonly samples: readonly object[] }];
      };

      const [{ labels, samples: written }] = read.timeseries;
      assert.deepEqual(labels, [
        { name: "__name__", value: `edgemere_telemetry_${metric.replaceAll(/[^A-Za-z0-9_]/g, "_")}` },
        { name: "device", value: "d1" },
        { name: "label_site", value: "berlin" },
        { name: "name", value: name },
      ]);
      assert.deepEqual(
        written,
        samples.toSorted(([a], [b]) => a - b).map(([timestamp, value]) => ({ value, timestamp })),
      );
    }),
  );
});

test("a request of OTLP has a resource for each device, a gauge for each metric and a point for each sample", () => {
  const points = pointsOf([sending("load", "", [1_000, 1.5]), sending("disk.used_bytes", "sda", [2_000, 7])], []);
  const { body, headers } = otlp(points, ["site", "absent"]);

  assert.deepEqual(headers, { "content-type": "application/json" });
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  assert.deepEqual(JSON.parse(new TextDecoder().decode(body)), {
    resourceMetrics: [
      {
        resource: {
          attributes: [text("device.id", "d1"), text("host.name", 'the "gate"'), text("edgemere.label.site", "berlin")],
        },
        scopeMetrics: [
          {
            scope: { name: "edgemere" },
            metrics: [
              { name: "load", gauge: { dataPoints: [{ timeUnixNano: "1000000000", asDouble: 1.5 }] } },
              {
                name: "disk.used_bytes",
                gauge: {
                  dataPoints: [{ timeUnixNano: "2000000000", asDouble: 7, attributes: [text("part", "sda")] }],
                },
              },
            ],
          },
        ],
      },
    ],
  });
});

for (const [text, count] of [
  ["", 0],
  ["{}", 0],
  ["null", 0],
  ['{"partialSuccess":{}}', 0],
  ['{"partialSuccess":{"rejectedDataPoints":"3"}}', 3],
  ['{"partialSuccess":{"rejectedDataPoints":4}}', 4],
  ['{"partialSuccess":{"rejectedDataPoints":-1}}', 0],
  ['{"partialSuccess":{"rejectedDataPoints":1e99}}', 0],
] as const)
  test(`of the answer "${text}" is read that ${count} were left out`, () => {
    assert.equal(rejectedIn(text), count);
  });
