import assert from "node:assert/strict";
import test from "node:test";
import { localTime } from "./cells.ts";
import { lineOfValue } from "./watch-values.ts";

test("a value is one line: time, device, metric and instance, and how much with its unit, harmless in a terminal", () => {
  const value = { device: "d1", name: "gw\n1", metric: "filesystem.used_bytes", instance: "/var", value: 2_048 };

  const line = lineOfValue({ ...value, at: 1_767_225_600_000 });

  assert.equal(
    line,
    `${localTime(1_767_225_600_000)}  gw\u240a1              filesystem.used_bytes /var            2.0 KiB`,
  );
});
