import assert from "node:assert/strict";
import { test } from "node:test";
import type { Transport } from "@edgemere/agent";
import { formatTopic, parseTopic, v1 } from "@edgemere/protocol";
import { systemClock } from "@edgemere/protocol/kit";
import { startServed, type Served } from "../conformance/served.ts";
import { startServedAgent } from "../conformance/served-agent.ts";
import { askForTerminal, sit, type Sitting } from "../world/terminals.ts";
import { eventually } from "../world/world.ts";

type Bytes = Uint8Array;

/** A broker's power over a terminal: what it carries of it either way, as it likes. */
interface Meddling {
  down: (payload: Bytes) => readonly Bytes[];
  readonly carried: Buffer[];
}

const meddle =
  (with_: Meddling) =>
  (transport: Transport): Transport => ({
    connect: async (options, events, signal) => {
      const arrived = (topic: string, payload: Bytes) => {
        if (parseTopic(topic)?.name !== "keystrokes") return events.arrived(topic, payload);
        with_.carried.push(Buffer.from(payload));
        for (const each of with_.down(payload)) events.arrived(topic, each);
      };
      const connection = await transport.connect(options, { ...events, arrived }, signal);
      return {
        publish: (packet) => {
          with_.carried.push(Buffer.from(packet.payload));
          return connection.publish(packet);
        },
        close: () => connection.close(),
      };
    },
  });

async function aTerminal(served: Served): Promise<Sitting> {
  await eventually(async () => {
    const { presence } = await served.client.call("cpl/dm/device/find", { device: "gw1" });
    return presence === "online";
  }, "gw1 to come online");
  const terminal = sit({ baseUrl: served.app.address, token: served.token }, await askForTerminal(served, "gw1"));
  await terminal.until(/\$ $/);
  return terminal;
}

const faithful = (payload: Bytes) => [payload];

test("T18 whoever carries a terminal reads nothing of it", async () => {
  const meddling: Meddling = { down: faithful, carried: [] };
  await using served = await startServed(systemClock);
  await using _agent = await startServedAgent(served, meddle(meddling));
  using terminal = await aTerminal(served);

  terminal.type("a password that nobody reads\r");
  await terminal.until(/nobody reads/);

  assert.ok(meddling.carried.length > 0);
  assert.equal(Buffer.concat(meddling.carried).includes("nobody reads"), false);
});

test("T18 frames that are doubled, dropped, held back or played again type nothing twice, out of turn, or not at all", async () => {
  const meddling: Meddling = { down: faithful, carried: [] };
  await using served = await startServed(systemClock);
  await using _agent = await startServedAgent(served, meddle(meddling));
  using terminal = await aTerminal(served);
  const old: Bytes[] = [];
  let count = 0;
  meddling.down = (payload) => {
    old.push(payload);
    count++;
    if (count % 4 === 0) return [];
    return count % 3 === 0 ? [...old.toReversed(), payload] : [payload, payload];
  };

  for (const word of ["one ", "two ", "three ", "four ", "five ", "six "]) {
    terminal.type(word);
    await terminal.until(new RegExp(`${word}$`));
  }

  assert.match(terminal.shown, /one two three four five six $/);
});

for (const [title, change] of Object.entries({
  "with a bit turned": (payload: Bytes) => payload.map((byte, at) => (at === payload.length - 1 ? byte ^ 1 : byte)),
  "that somebody made up": (payload: Bytes) => {
    const { command } = v1.TerminalFrame.decode(payload);
    return v1.TerminalFrame.encode({
      command,
      number: 1_000_000,
      sealed: Buffer.from("rm -r x\r and sixteen more"),
    }).finish();
  },
}))
  test(`T18 a frame ${title} ends the terminal, and nothing of it is typed`, async () => {
    const meddling: Meddling = { down: faithful, carried: [] };
    await using served = await startServed(systemClock);
    await using _agent = await startServedAgent(served, meddle(meddling));
    using terminal = await aTerminal(served);

    meddling.down = (payload) => [change(payload)];
    terminal.type("rm -r x\r");

    assert.equal((await terminal.untilEnded()).reason, "tampered");
    assert.doesNotMatch(terminal.shown, /rm/);
  });

test("T18 a device that answers for a terminal of another device is refused", async () => {
  const meddling: Meddling = { down: faithful, carried: [] };
  await using served = await startServed(systemClock);
  await using _agent = await startServedAgent(served, meddle(meddling));
  using terminal = await aTerminal(served);
  const id = (await served.client.call("cpl/dm/job/find", { job: terminal.job })).commands[0]?.id ?? "";
  const link = served.app.core.link;
  const before = link.refusals()["no-terminal"] ?? 0;

  const frame = v1.TerminalFrame.encode({ command: "another", number: 1, sealed: Buffer.alloc(32) }).finish();
  await link.arrived("d-other", formatTopic("terminal", { device: "d-other" }), frame, "127.0.0.1");

  assert.equal(link.refusals()["no-terminal"], before + 1);
  terminal.type("still here");
  await terminal.until(/still here$/);
  assert.notEqual(id, "");
});

test("T19 a recording that is changed in the store is told from what its device has signed", async () => {
  await using served = await startServed(systemClock);
  await using _agent = await startServedAgent(served, (transport) => transport);
  using terminal = await aTerminal(served);
  terminal.type("rm -r the-evidence\rexit\r");
  await terminal.untilEnded();
  const { id } = await eventually(async () => {
    const [command] = (await served.client.call("cpl/dm/job/find", { job: terminal.job })).commands;
    return command?.state === "succeeded" && command;
  }, "the end of the command");
  const verify = () => served.client.call("cpl/dm/recording/verify", { recording: id });
  assert.deepEqual((({ isChained, device }) => [isChained, device])(await verify()), [true, "same"]);

  // One letter, for each may have been shown by itself.
  await rewrite(served, id, (lines) => lines.replaceAll("-", "+"));

  assert.deepEqual((({ isChained, device }) => [isChained, device])(await verify()), [false, "other"]);
});

/** What an insider does who can write the store: the lines of a recording, under the heads that were there. */
async function rewrite({ app }: Served, id: string, change: (lines: string) => string): Promise<void> {
  const { store } = app.core;
  const HEAD = 32;
  for await (const [key, bytes] of store.bytesBetween({ gte: "srecordedlines", lt: "srecordedlines\uffff" })) {
    if (!key.includes(id)) continue;
    const lines = Buffer.from(change(Buffer.from(bytes.subarray(HEAD)).toString()));
    await store.commit({
      writes: [],
      bytes: [{ key, bytes: Buffer.concat([bytes.subarray(0, HEAD), lines]) }],
      appended: [],
    });
  }
}
