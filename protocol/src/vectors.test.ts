import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bodies, unpack, type DeviceTopicName } from "./codec.ts";
import { open, payloadTypes } from "./envelope.ts";
import { v1 } from "./messages.ts";
import { privateKeyFromSeed, publicKeyBytes, publicKeyFromBytes } from "./raw-keys.ts";
import { filesOf, jsonOf, type SignedContent, type Vector } from "./vector.test-support.ts";
import { vectorFiles } from "./vectors.test-support.ts";

const folder = join(import.meta.dirname, "../vectors");
const read = (path: string) => readFileSync(join(folder, path), "utf8");
const vectorsIn = (kind: "valid" | "invalid") =>
  readdirSync(join(folder, kind))
    .filter((file) => file.endsWith(".json"))
    .map((file) => `${kind}/${file.replace(/\.json$/, "")}`)
    .map((name) => ({ name, vector: JSON.parse(read(`${name}.json`)) as Vector, bytes: bytesOf(read(`${name}.hex`)) }));
const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(/\s/g, ""), "hex");

type FromJson = { fromObject(json: object): unknown; encode(message: unknown): { finish(): Uint8Array } };
const encoded = (codec: unknown, json: object = {}): Buffer => {
  const from = codec as FromJson;
  return Buffer.from(from.encode(from.fromObject(json)).finish());
};

/** Opens what is signed in a message with the vector's key; throws ProtocolError. */
function openSigned(message: unknown, { payloadType, keyId, publicKey }: SignedContent): unknown {
  const key = publicKeyFromBytes(Buffer.from(publicKey, "hex"));
  const find = () => ({ threshold: 1, keys: new Map([[keyId, key]]) });
  const isCommand = payloadType === payloadTypes.command;
  return isCommand
    ? open("command", message as v1.SignedEnvelope.$Shape, find)
    : open("syncHead", (message as v1.Sync).head ?? {}, find);
}

for (const { name, vector, bytes } of vectorsIn("valid")) {
  test(`${name}: the bytes are read and mean what the JSON says`, () => {
    const arrival = unpack(vector.topic, bytes);

    assert.deepEqual(jsonOf(bodies[arrival.name], bytes), vector.message);
    assert.equal(vector.refusal, undefined);
  });

  test(`${name}: the JSON is written as these bytes`, () => {
    const { name: topic } = unpack(vector.topic, bytes);

    assert.equal(encoded(bodies[topic], vector.message).toString("hex"), bytes.toString("hex"));
  });
}

for (const { name, vector, bytes } of vectorsIn("valid").filter(({ vector }) => vector.signed !== undefined)) {
  const signed = vector.signed!;

  test(`${name}: the signature is that of the key over type and payload`, () => {
    const codec = signed.payloadType === payloadTypes.command ? v1.Command : v1.SyncHead;
    const payload = encoded(codec, signed.payload);
    const head = `DSSEv1 ${signed.payloadType.length} ${signed.payloadType} ${payload.length} `;

    assert.deepEqual(openSigned(unpack(vector.topic, bytes).message, signed), codec.decode(payload));
    assert.equal(signed.preAuthenticationEncoding, Buffer.concat([Buffer.from(head), payload]).toString("hex"));
    assert.equal(
      Buffer.from(publicKeyBytes(privateKeyFromSeed(Buffer.from(signed.privateKeySeed, "hex")))).toString("hex"),
      signed.publicKey,
    );
  });
}

for (const { name, vector, bytes } of vectorsIn("invalid")) {
  test(`${name}: the bytes are refused as ${vector.refusal ?? "nothing"}`, () => {
    const readAndOpen = () => {
      const { message } = unpack(vector.topic, bytes);
      if (vector.signed !== undefined) openSigned(message, vector.signed);
    };

    assert.throws(readAndOpen, { name: "ProtocolError", reason: vector.refusal });
  });
}

test("the files are those of the samples: npm run vectors writes them anew", () => {
  const written = Object.fromEntries(vectorFiles.flatMap(filesOf));
  const paths = ["valid", "invalid"].flatMap((kind) =>
    readdirSync(join(folder, kind)).map((file) => `${kind}/${file}`),
  );

  assert.deepEqual(Object.fromEntries(paths.map((path) => [path, read(path)])), written);
});

test("there is a valid vector for every topic that carries a device message", () => {
  const covered = vectorsIn("valid").map(({ vector, bytes }) => unpack(vector.topic, bytes).name);

  assert.deepEqual([...new Set(covered)].toSorted(), (Object.keys(bodies) as DeviceTopicName[]).toSorted());
});
