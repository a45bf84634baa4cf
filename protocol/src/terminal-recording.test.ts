import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { chainedRecording, RECORDING_ROOT, shownHashOf, TerminalRecording } from "./terminal-recording.ts";

const begin = () => new TerminalRecording({ columns: 80, rows: 24, startedAt: 1_767_225_600_500, title: "why" }, 1_000);

test("a recording is asciicast v2: a head, then a line for each thing with its seconds", () => {
  const recording = begin();

  const lines = [
    recording.head,
    recording.output(Buffer.from("hi\r\n"), 1_250),
    recording.size({ columns: 100, rows: 30 }, 2_000),
    recording.end("exited", 3_500),
  ].join("");

  assert.equal(
    lines,
    [
      '{"version":2,"width":80,"height":24,"timestamp":1767225600,"title":"why"}',
      '[0.25,"o","hi\\r\\n"]',
      '[1,"r","100x30"]',
      '[2.5,"m","exited"]',
      "",
    ].join("\n"),
  );
});

test("however the bytes are cut, what was shown is the same text with the same hash, also when it is no UTF-8", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(200), { maxLength: 8 }), (bytes, cuts) => {
      const recording = begin();
      const places = [0, ...cuts.filter((at) => at <= bytes.length).toSorted((a, b) => a - b), bytes.length];
      const lines = places.map((from, index) =>
        recording.output(bytes.subarray(from, places[index + 1] ?? from), 1_000),
      );
      lines.push(recording.end("exited", 1_000));
      const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

      const hash = createHash("sha256").update(text).digest("hex");
      assert.equal(recording.shownHash().toString("hex"), hash);
      assert.equal(shownHashOf(lines.join("").split("\n")), hash);
    }),
  );
});

test("the chain tells any other lines from those it was made over", () => {
  const head = ["one\n", "two\n"].reduce(chainedRecording, RECORDING_ROOT);

  assert.notEqual(["one\n", "twO\n"].reduce(chainedRecording, RECORDING_ROOT), head);
  assert.notEqual(["two\n", "one\n"].reduce(chainedRecording, RECORDING_ROOT), head);
  assert.notEqual(["one\n"].reduce(chainedRecording, RECORDING_ROOT), head);
});
