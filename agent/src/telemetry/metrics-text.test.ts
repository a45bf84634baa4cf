import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { metricLines } from "./metrics-text.ts";

test("names, labels, values, types and timestamps are read as Prometheus writes them", () => {
  const text = `# HELP node_load1 1m load average.
# TYPE node_load1 gauge
node_load1 0.21
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{ method = "a \\"b\\" \\\\ \\n, }" , } +3e2
# TYPE rpc histogram
rpc_bucket{le="+Inf"} 5
rpc_sum 17.5
something_weird{problem="division by zero"} +Inf -3982045`;

  const { lines, malformed } = metricLines(text);

  assert.equal(malformed, 0);
  assert.deepEqual(lines, [
    { name: "node_load1", labels: [], value: 0.21, type: "gauge" },
    {
      name: "http_requests_total",
      labels: [
        ["method", "post"],
        ["code", "200"],
      ],
      value: 1027,
      type: "counter",
    },
    { name: "http_requests_total", labels: [["method", 'a "b" \\ \n, }']], value: 300, type: "counter" },
    { name: "rpc_bucket", labels: [["le", "+Inf"]], value: 5, type: "histogram" },
    { name: "rpc_sum", labels: [], value: 17.5, type: "histogram" },
    { name: "something_weird", labels: [["problem", "division by zero"]], value: Infinity, type: "untyped" },
  ]);
});

test("a line of a name and a value is enough", () => {
  const { lines } = metricLines("battery.charge 97\r\n\n  runtime_seconds\t1200  \n");

  assert.deepEqual(
    lines.map(({ name, value }) => [name, value]),
    [
      ["battery.charge", 97],
      ["runtime_seconds", 1200],
    ],
  );
});

test("what is no metric is counted and harms no other line", () => {
  const wrong = [
    "novalue",
    "1name 5",
    "name five",
    "name 0x10",
    "name 1 2 3",
    "name 1 later",
    "name{ 1",
    "name{a} 1",
    'name{a="b" 1',
    'name{a="b"c="d"} 1',
    'name{a="b"}',
    'name{a="b',
    "<html>",
    "é 1",
    "name constructor",
    "name 1.2.3",
  ];

  const { lines, malformed } = metricLines([...wrong, "good 1"].join("\n"));

  assert.deepEqual([lines.map(({ name }) => name), malformed], [["good"], wrong.length]);
});

test("a type that nobody knows is none", () => {
  const { lines } = metricLines("# TYPE a constructor\na 1\n# TYPE\n# TYPE b\nb 1\n#\n");

  assert.deepEqual(
    lines.map(({ type }) => type),
    ["untyped", "untyped"],
  );
});

test("any text is read: each line that is neither empty nor a comment is taken or counted", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme-composite", maxLength: 400 }), (text) => {
      const { lines, malformed } = metricLines(text);
      const said = text.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));
      assert.equal(lines.length + malformed, said.length);
    }),
  );
});

test("whatever a label holds comes back as it was", () => {
  const escaped = (value: string) => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme-composite" })), (values) => {
      const labels = values.map((value, i) => [`l${i}`, value.replaceAll("\r", "")] as [string, string]);
      const line = `m{${labels.map(([name, value]) => `${name}="${escaped(value)}"`).join(",")}} 1`;
      assert.deepEqual(metricLines(line).lines[0]?.labels, labels);
    }),
  );
});

test("a line of a megabyte is read in the time of a megabyte", () => {
  const { malformed } = metricLines(
    [`m{${"a=".repeat(500_000)}`, `m{a="${"\\".repeat(1_000_000)}`, "x".repeat(1_000_000)].join("\n"),
  );

  assert.equal(malformed, 3);
});
