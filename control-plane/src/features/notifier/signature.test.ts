import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { seededRandom } from "@edgemere/protocol/simulated";
import { newSecret, signedHeaders } from "./signature.ts";

test("a message is signed as Standard Webhooks says, by the example of its authors", () => {
  const message = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", at: 1_614_265_330_999, body: '{"test": 2432232314}' };

  assert.deepEqual(signedHeaders(message, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), {
    "webhook-id": message.id,
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("a secret that is made is of 32 bytes, and each is another", () => {
  const random = seededRandom(1);
  const [one, other] = [newSecret(random), newSecret(random)];

  assert.equal(Buffer.from(one.slice("whsec_".length), "base64").length, 32);
  assert.notEqual(one, other);
});

test("another id, time, body or secret gives another signature", () => {
  const secret = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
  const message = { id: "n1", at: 1_000, body: "{}" };
  const of = (over: Partial<typeof message>, by = secret) =>
    signedHeaders({ ...message, ...over }, by)["webhook-signature"];

  const other = `whsec_${Buffer.alloc(32, 2).toString("base64")}`;
  const all = [of({}), of({ id: "n2" }), of({ at: 2_000 }), of({ body: "[]" }), of({}, other)];
  assert.equal(new Set(all).size, all.length);
  const byHand = createHmac("sha256", Buffer.alloc(32, 1)).update("n1.1.{}").digest("base64");
  assert.equal(all[0], `v1,${byHand}`);
});
