import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { gauge, total } from "../platform/figures.ts";
import { exposition, formatFor } from "./exposition.ts";

const families = [
  total({ name: "asked", help: 'How often\n"somebody" asked\\' }, [[{ who: "ann" }, 3]]),
  gauge({ name: "now", help: "Now" }, [
    [{}, 0.5],
    [{ at: "top" }, -Infinity],
  ]),
];

test("the older text names a counter with its suffix", () => {
  assert.equal(
    exposition(families, "text"),
    `# HELP asked_total How often\\n"somebody" asked\\\\
# TYPE asked_total counter
asked_total{who="ann"} 3
# HELP now Now
# TYPE now gauge
now 0.5
now{at="top"} -Inf
`,
  );
});

test("OpenMetrics names a counter without its suffix, escapes quotes in help, and says where it ends", () => {
  assert.equal(
    exposition(families, "openmetrics"),
    `# HELP asked How often\\n\\"somebody\\" asked\\\\
# TYPE asked counter
asked_total{who="ann"} 3
# HELP now Now
# TYPE now gauge
now 0.5
now{at="top"} -Inf
# EOF
`,
  );
});

test("whatever stands in a label stays in it, on one line and without control characters", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.constantFrom("text" as const, "openmetrics" as const),
      (text, format) => {
        const written = exposition([gauge({ name: "now", help: "Now" }, [[{ name: text, other: "x" }, 1]])], format);
        const [, , line = "", ...rest] = written.split("\n");
        const [, escaped = ""] = /^now\{name="((?:[^"\\]|\\["\\n])*)",other="x"\} 1$/.exec(line) ?? [];
        const read = escaped.replaceAll(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));

        assert.equal(read, text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "\ufffd"));
        assert.deepEqual(rest, format === "openmetrics" ? ["# EOF", ""] : [""]);
      },
    ),
  );
});

const accepts: readonly (readonly [string | undefined, ReturnType<typeof formatFor>])[] = [
  [undefined, "text"],
  ["*/*", "text"],
  ["text/plain;version=0.0.4", "text"],
  ["application/openmetrics-text", "openmetrics"],
  ["application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "openmetrics"],
  ["text/plain, application/OpenMetrics-text; q=0.2", "openmetrics"],
  ["application/openmetrics-text;q=0, text/plain", "text"],
  ["application/openmetrics-textual", "text"],
];
for (const [accept, format] of accepts)
  test(`who accepts ${accept ?? "nothing in particular"} gets ${format}`, () => {
    assert.equal(formatFor(accept), format);
  });
