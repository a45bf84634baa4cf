import assert from "node:assert/strict";
import { test } from "node:test";
import { sealingKeyBytes, sealSecrets } from "@edgemere/protocol";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { BenchHost } from "./bench-host.test-support.ts";
import { aBench, aCommand, sealingKey, START } from "./bench.test-support.ts";

const CANARY = "correct horse battery staple";
const sealedFor = (command: string, values: Readonly<Record<string, string>> = { PASSWORD: CANARY }, device = "d1") =>
  sealSecrets(values, sealingKeyBytes(sealingKey), { trustDomain: "test", device, command });
const exec = (secrets: ReturnType<typeof sealedFor>) => ({
  exec: { argv: ["say", "x"], env: { PLACE: "hall 7" }, maxOutputBytes: 1_000, secrets },
});

async function aDevice() {
  const [clock, disk] = [new ManualClock(START), new SimulatedDisk()];
  const host = new BenchHost(clock);
  return { disk, host, bench: await aBench({ disk, clock, host }) };
}

test("a program has its secrets in its environment, and nothing of the agent's keeps them", async () => {
  const { bench, host, disk } = await aDevice();
  await using _ = bench;

  await bench.deliver([aCommand(1, exec(sealedFor("c1")))]);

  assert.deepEqual(await bench.ends(), ["c1 SUCCEEDED"]);
  assert.deepEqual(host.environments, [{ PLACE: "hall 7", PASSWORD: CANARY }]);
  const journal = Buffer.from((await disk.read("commands/journal")) ?? []).toString();
  const written = [...journal.matchAll(/"command":"([^"]+)"/g)].map(([, text = ""]) => Buffer.from(text, "base64"));
  assert.ok(written.length > 0);
  for (const each of [Buffer.from(journal), ...written]) assert.ok(!each.includes(CANARY));
});

const foreign = [
  ["of another command", sealedFor("c2")],
  ["for another device", sealedFor("c1", undefined, "d2")],
  ["that were changed", { ...sealedFor("c1"), ciphertext: Buffer.alloc(64) }],
  ["with a name that no variable can have", sealedFor("c1", { "LD=PRELOAD": "x" })],
] as const;
for (const [what, secrets] of foreign) {
  test(`a program with secrets ${what} does not run`, async () => {
    const { bench, host } = await aDevice();
    await using _ = bench;

    await bench.deliver([aCommand(1, exec(secrets))]);

    assert.deepEqual(await bench.ends(), ["c1 FAILED not-permitted"]);
    assert.deepEqual(host.ran, []);
  });
}
