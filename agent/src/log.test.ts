import assert from "node:assert/strict";
import { test } from "node:test";
import { lineLog } from "./log.ts";

function aLog(isForPeople: boolean) {
  const lines: string[] = [];
  const timestamp = () => "2026-01-01T08:09:10.000Z";
  return {
    lines,
    log: lineLog({ write: (line) => void lines.push(line), timestamp, level: () => "info", isForPeople }),
  };
}

test("a line is JSON with time, level, message and fields, and an error is its words", () => {
  const { lines, log } = aLog(false);

  log.debug("too small");
  log.warn("not connected", { device: "d1", error: new Error("refused", { cause: new Error("certificate expired") }) });

  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    [
      {
        time: "2026-01-01T08:09:10.000Z",
        level: "warn",
        message: "not connected",
        device: "d1",
        error: "refused (certificate expired)",
      },
    ],
  );
});

test("a person at a terminal reads words", () => {
  const { lines, log } = aLog(true);

  log.info("agent started", { device: "d1", port: 1, detail: "" });

  assert.deepEqual(lines, ["08:09:10 info  agent started device=d1 port=1\n"]);
});

test("what others wrote does not act on the terminal of a person who reads", () => {
  const { lines, log } = aLog(true);

  log.info("not connected", { reason: "red \u001b[31m and\u009bnew\nline" });

  assert.deepEqual(lines, ['08:09:10 info  not connected reason="red \\u001b[31m and\\u009bnew\\nline"\n']);
});

test("a line of JSON is one line without a character that acts on a terminal, whatever others wrote", () => {
  const { lines, log } = aLog(false);
  const reason = "a\nb\r\u001b[2J\u009b\u2028\u202e";

  log.info("not connected", { reason });

  assert.match(lines[0] ?? "", /^[\x20-\x7e]+\n$/);
  assert.equal((JSON.parse(lines[0] ?? "") as { reason: string }).reason, reason);
});
