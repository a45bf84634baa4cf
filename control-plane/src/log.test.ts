import assert from "node:assert/strict";
import { test } from "node:test";
import { pinoLog } from "./log.ts";

test("a line of the log is one line without a character that acts on a terminal, whatever others wrote", () => {
  const lines: string[] = [];
  const log = pinoLog("info", { write: (line) => void lines.push(line) });
  const detail = 'a\nb\r\u001b[2J\u009b\u2028\u202e\u007f"}\n{"level":60';

  log.warn("device message refused", { detail, error: new Error(detail) });

  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /^[\x20-\x7e]+\n$/);
  assert.equal((JSON.parse(lines[0] ?? "") as { detail: string }).detail, detail);
});
