import assert from "node:assert/strict";
import { test } from "node:test";
import { newTerminalKey, terminalSeal } from "./terminal-key.ts";

const halves = { gateway: newTerminalKey(), agent: newTerminalKey() };
const opened = {
  trustDomain: "edgemere-1",
  device: "d1",
  command: "c1",
  gatewayKey: halves.gateway.publicKey,
  agentKey: halves.agent.publicKey,
};
const ends = (of = opened) => ({
  device: terminalSeal("device", halves.agent, of),
  control: terminalSeal("control plane", halves.gateway, of),
});
const typed = (text: string) => ({ number: 1, acknowledged: 0, credit: 0, data: Buffer.from(text) });
const textOf = (segment: { readonly data?: Uint8Array | null | undefined } | undefined) =>
  Buffer.from(segment?.data ?? []).toString();

test("both sides open what the other has sealed, and nobody his own", () => {
  const { device, control } = ends();

  const frame = control.seal(typed("ls"));

  assert.equal(textOf(device.open(frame)), "ls");
  assert.throws(() => ends().control.open(frame), { reason: "bad-signature" });
  assert.equal(textOf(control.open(device.seal(typed("file")))), "file");
});

test("a frame is opened once, and none that is older than one that was opened", () => {
  const { device, control } = ends();
  const [first, second] = [control.seal(typed("first")), control.seal(typed("second"))];

  assert.equal(textOf(device.open(second)), "second");
  assert.equal(device.open(second), undefined);
  assert.equal(device.open(first), undefined);
});

test("T18 a frame with any bit turned, cut off, or under another number is refused, and is no harm to the next", () => {
  const { device, control } = ends();
  const { number, sealed } = control.seal(typed("rm -r x"));

  for (const at of sealed.keys())
    for (const bit of [1, 128]) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ bit;
      assert.throws(() => device.open({ number, sealed: changed }), { reason: "bad-signature" });
    }
  for (const length of sealed.keys())
    assert.throws(() => device.open({ number, sealed: sealed.subarray(0, length) }), { reason: "bad-signature" });
  assert.throws(() => device.open({ number: number + 1, sealed }), { reason: "bad-signature" });
  assert.equal(textOf(device.open({ number, sealed })), "rm -r x");
});

test("T18 a terminal's frames open in no other: of another device, command, trust domain or half of the key", () => {
  const frame = ends().control.seal(typed("ls"));
  const others = [
    { ...opened, trustDomain: "edgemere-2" },
    { ...opened, device: "d2" },
    { ...opened, command: "c2" },
    { ...opened, gatewayKey: newTerminalKey().publicKey },
  ];

  for (const other of others) assert.throws(() => ends(other).device.open(frame), { reason: "bad-signature" });
});

test("what is no key is told as such", () => {
  const zero = { ...opened, gatewayKey: new Uint8Array(32) };

  assert.throws(() => terminalSeal("device", halves.agent, zero), { reason: "malformed" });
  assert.throws(() => terminalSeal("device", halves.agent, { ...opened, gatewayKey: new Uint8Array(3) }), {
    reason: "malformed",
  });
});
