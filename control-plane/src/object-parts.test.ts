import assert from "node:assert/strict";
import { test } from "node:test";
import { writeParts } from "./object-parts.ts";

test("an object that would have more parts than a store takes has larger ones", async () => {
  const content = Buffer.from(Array.from({ length: 20_500 }, (_, i) => i % 251));
  const parts: Buffer[] = [];
  const answer = (text: string) => ({ headers: new Headers({ etag: '"p"' }), text: async () => text });
  async function* pieces(from: number, to: number) {
    yield content.subarray(from, to);
  }

  const isThere = await writeParts(
    "large",
    { bytes: content.length, sha256: "", pieces },
    { begun: undefined, told: async () => {} },
    {
      partBytes: 1,
      ask: async ({ method, query, content: part }) => {
        if ("uploads" in query)
          return answer("<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>");
        if (method === "PUT" && part) for await (const each of part.pieces) parts.push(Buffer.from(each));
        return answer("");
      },
    },
  );

  assert.equal(isThere, true);
  assert.ok(parts.length <= 10_000, `${parts.length} parts`);
  assert.ok(Buffer.concat(parts).equals(content));
});
