import assert from "node:assert/strict";
import { test } from "node:test";
import { recordedIn } from "./recording.ts";

test("a recording is its size and what was shown when; marks and a line that was cut off are left out", () => {
  const lines = [
    '{"version":2,"width":100,"height":30}',
    '[0.5,"o","hi\\r\\n"]',
    '[1,"r","80x24"]',
    '[2,"m","ended"]',
    '[3,"o","cut',
  ];

  assert.deepEqual(recordedIn(lines.join("\n")), {
    columns: 100,
    rows: 30,
    shown: [
      { at: 0.5, text: "hi\r\n" },
      { at: 1, size: { columns: 80, rows: 24 } },
    ],
  });
});
