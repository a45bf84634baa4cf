import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { terminalFilter } from "./client-terminal-filter.ts";

const filtered = (text: string) => terminalFilter()(Buffer.from(text));

const passes = {
  "text, also of other tongues": "grüße 你好 🙂\r\n\tend\b\u0007",
  "colours and weights": "\u001b[1;38;5;196mred\u001b[0m",
  "places and erasing": "\u001b[H\u001b[2J\u001b[10;20H\u001b[K\u001b[s\u001b[u",
  "the alternate screen and bracketed paste": "\u001b[?1049h\u001b[?2004h\u001b[?25l",
  "scrolling regions, character sets, cursor shapes": "\u001b[1;20r\u001b(0\u001b)B\u001b7\u001b8\u001bM\u001b[4 q",
};

for (const [title, text] of Object.entries(passes))
  test(`a terminal shows ${title}`, () => {
    assert.equal(filtered(text), text);
  });

const stopped = {
  "what asks which terminal it is": ["\u001b[c", "\u001b[>c", "\u001b[=0c", "\u001bZ", "\u0005", "\u001b[>0q"],
  "what asks how it stands": [
    "\u001b[5n",
    "\u001b[6n",
    "\u001b[?6n",
    "\u001b[1x",
    "\u001b[?2026$p",
    "\u001b[?u",
    "\u001b[1;1;1;1*y",
  ],
  "what acts on its window": ["\u001b[21t", "\u001b[3;0;0t", "\u001b[8;1;1t"],
  "titles, clipboard, links and colours": [
    "\u001b]0;title\u0007",
    "\u001b]2;title\u001b\\",
    "\u001b]52;c;cm0gLXJmIC8=\u0007",
    "\u001b]8;;https://evil.example\u001b\\",
    "\u001b]11;?\u0007",
    "\u001b]1337;File=:\u0007",
  ],
  "strings of devices, applications and others": [
    "\u001bP$qm\u001b\\",
    "\u001bP+q544e\u001b\\",
    "\u001b_G\u001b\\",
    "\u001b^x\u001b\\",
    "\u001bXx\u001b\\",
  ],
  "controls of eight bits": ["\u009b", "\u009d", "\u0090", "\u007f", "\u0000"],
} as const;

for (const [title, texts] of Object.entries(stopped))
  test(`T17 no terminal sees ${title}, however it comes in pieces`, () => {
    for (const text of texts) {
      assert.equal(filtered(`before ${text}after`), "before after", JSON.stringify(text));
      const filter = terminalFilter();
      assert.equal(
        [...Buffer.from(`<${text}>`)].map((byte) => filter(Uint8Array.of(byte))).join(""),
        "<>",
        JSON.stringify(text),
      );
    }
  });

test("T17 one sequence cannot hide in another: what is let through is let through again, unchanged", () => {
  const part = fc.constantFrom(
    ...Array.from("\u001b[]P\\\u0007\u0018;?0152cntqhmu$p! ZX_^abc~\u009b\u009c"),
    ...Object.values(stopped).flat(),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const once = filtered(parts.join(""));
      assert.equal(filtered(once), once);
      assert.doesNotMatch(once, /\u001b\[[0-9;?>=]*[cnxt]|\u001b[\]P_^XZ]|[\u0000-\u0006\u0080-\u009f]/);
    }),
    { numRuns: 1_000 },
  );
});
