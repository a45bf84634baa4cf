import type { Socket } from "socket.io-client";
import { socketOf } from "../../world/faces.ts";
import { startWorld, type World } from "../../world/world.ts";
import type { Area, Run } from "./area.ts";
import { chanceOf, type Chance } from "./chance.ts";
import { hostileNumbers, hostileTexts } from "./hostile-values.ts";
import { INSIDE } from "./rest-judge.ts";
import { accepted, count, emptyAccount, finding, refused, type Verdict } from "./tally.ts";

const CASES = 6_000;
const LANES = 6;
const PATIENCE = 20_000;
/** Calls at once, without waiting for an answer. */
const FLOOD = 3_000;

/** One message: by a name and with an acknowledgement, or as bytes of the protocol underneath. */
type LiveInput =
  | { readonly name: string; readonly message: readonly unknown[] }
  | { readonly raw: string }
  | { readonly calls: number };

const paths =
  "ia/status ia/whoami cpl/dm/device/list cpl/dm/device/find cpl/dm/token/create ia/event/list ia/signout".split(" ");
const names = ["call", "call", "call", "subscribe", "subscribe", "unsubscribe"];

/** Packets of socket.io and engine.io that no client of theirs would write. */
const rawPackets = [
  '2["disconnect"]',
  '2["disconnecting","x"]',
  '2["error",{}]',
  '2["__proto__"]',
  '2["constructor",{}]',
  '2["newListener",{}]',
  "2[]",
  "2{}",
  "2null",
  "2[null]",
  "2[1,2]",
  '2["call"',
  '21["call"]',
  '299999999999999999999["call",{}]',
  '2-1["call",{}]',
  '2/admin,["call",{}]',
  '2/__proto__,["call",{}]',
  "0",
  '0/__proto__,{"token":"x"}',
  '0/constructor,{"token":"x"}',
  "1",
  '3999["x"]',
  "3",
  '4{"message":"x"}',
  '51-["call",{"_placeholder":true,"num":0}]',
  '5999999999-["call",{}]',
  '51-["call",{"_placeholder":true,"num":"__proto__"}]',
  "61-[]",
  "9",
  "",
  "2".repeat(1_000),
  `2["call",${"[".repeat(20_000)}`,
  `2["${"x".repeat(200_000)}"]`,
  `2["call","${"x".repeat(1_048_577)}"]`,
];

function anything(chance: Chance, depth = 0): unknown {
  switch (chance.below(depth > 3 ? 4 : 7)) {
    case 0:
      return chance.pick(hostileTexts);
    case 1:
      return chance.pick(hostileNumbers);
    case 2:
      return chance.pick([null, true, false, undefined]);
    case 3:
      return Buffer.from(chance.bytes(chance.below(20)));
    case 4:
      return Array.from({ length: chance.below(4) }, () => anything(chance, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: chance.below(4) }, () => [
          chance.pick(["path", "input", "types", "after", "subscription", "idempotencyKey", ...hostileTexts]),
          anything(chance, depth + 1),
        ]),
      );
  }
}

function inputOf(chance: Chance): LiveInput {
  if (chance.oneIn(12)) return { raw: chance.pick(rawPackets) };
  if (chance.oneIn(800)) return { calls: FLOOD };
  const name = chance.pick(names);
  if (chance.oneIn(3)) return { name, message: Array.from({ length: chance.below(3) }, () => anything(chance)) };
  if (name === "call") {
    const path = chance.oneIn(4) ? chance.pick(hostileTexts) : chance.pick(paths.slice(0, -1));
    return { name, message: [{ path, ...(chance.oneIn(2) && { input: anything(chance) }) }] };
  }
  if (name === "unsubscribe") return { name, message: [{ subscription: chance.pick(hostileTexts) }] };
  const types = Array.from({ length: 1 + chance.below(3) }, () => chance.pick(["device.*", "*", ...hostileTexts]));
  return { name, message: [{ types, ...(chance.oneIn(2) && { after: chance.pick(hostileNumbers) }) }] };
}

/** Messages of the live channel that make no sense, while somebody beside goes on asking. */
export const live: Area = {
  name: "live",
  run: async ({ seed, times, only }: Run) => {
    await using world = await startWorld();
    const account = emptyAccount();
    const to = only === undefined ? Math.round(CASES * times) : only + 1;
    let next = only ?? 0;
    // As somebody else: what one actor may ask for in a while is used up by the others.
    const { token } = await world.client.call("ia/token/create", { name: "beside", permissions: ["device:read"] });
    const beside = await connected({ ...world, token });
    const lane = async () => {
      let socket = await connected(world);
      while (next < to) {
        const input = inputOf(chanceOf(seed, next++));
        const startedAt = performance.now();
        const verdict = await judge(socket, input);
        count(account, verdict, input, performance.now() - startedAt);
        for (let rest = callsIn(input) - 1; rest > 0; rest--) count(account, verdict, input);
        if (!socket.connected) socket = await connected(world);
      }
      socket.disconnect();
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const wrong = await afterwards(world, beside);
    beside.disconnect();
    if (wrong !== undefined) account.findings.push({ what: wrong, input: "all of them" });
    return account;
  },
  replay: async (inputs) => {
    await using world = await startWorld();
    const verdicts: Verdict[] = [];
    for (const input of inputs) {
      const socket = await connected(world);
      verdicts.push(await judge(socket, input as LiveInput));
      socket.disconnect();
    }
    return verdicts;
  },
};

function connected({ baseUrl, token }: World): Promise<Socket> {
  const socket = socketOf(baseUrl, token);
  // Batches are never acknowledged, so that a subscription costs one each.
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("connect_error", reject);
  });
}

/** Whatever it is, its sender is answered or let go. */
async function judge(socket: Socket, input: LiveInput): Promise<Verdict> {
  const ended = new Promise<"ended">((resolve) => socket.once("disconnect", () => resolve("ended")));
  const answer = await Promise.race([ended, late(), ...sent(socket, input)]);
  if (answer === "ended") return refused("connection ended");
  if (answer === "late") return finding(`was neither answered nor ended within ${PATIENCE} ms`);
  const text = JSON.stringify(answer);
  const { problem } = answer as { readonly problem?: { readonly type: string; readonly status: number } };
  if (problem === undefined) return accepted;
  if (problem.status >= 500) return finding(`answered ${text.slice(0, 300)}`);
  return INSIDE.test(text) ? finding(`shows its inside: ${text.slice(0, 300)}`) : refused(problem.type.slice(10));
}

function sent(socket: Socket, input: LiveInput): readonly Promise<unknown>[] {
  if ("calls" in input)
    return [Promise.all(Array.from({ length: input.calls }, () => socket.emitWithAck("call", { path: "ia/status" })))];
  if ("name" in input) return [socket.emitWithAck(input.name, ...input.message) as Promise<unknown>];
  socket.io.engine.write(input.raw);
  // It may mean nothing at all; what comes after it is answered if the connection lives.
  return [socket.emitWithAck("call", { path: "ia/status" }) as Promise<unknown>];
}

const callsIn = (input: LiveInput): number => ("calls" in input ? input.calls : 1);

const late = (): Promise<"late"> => new Promise((resolve) => setTimeout(() => resolve("late"), PATIENCE).unref());

async function afterwards({ controlPlane }: World, beside: Socket): Promise<string | undefined> {
  if (!controlPlane.isRunning) return `the control plane ended:\n${controlPlane.output.slice(-2_000)}`;
  const failure = controlPlane.output.split("\n").find((line) => /"level":(50|60)/.test(line));
  if (failure !== undefined) return `the control plane's log tells of a failure: ${failure}`;
  const answer = (await beside.emitWithAck("call", { path: "ia/status" })) as { readonly output?: unknown };
  return answer.output === undefined ? "who was beside is not answered any more" : undefined;
}
