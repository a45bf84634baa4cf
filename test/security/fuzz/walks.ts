import { isDeepStrictEqual } from "node:util";
import { commandLife, formatTopic, isFinalPhase, parseToken, v1, type CommandState } from "@edgemere/protocol";
import fc from "fast-check";
import type { Area, Run } from "./area.ts";
import { Episode, registration } from "./ingest.ts";
import { accepted, count, emptyAccount, finding, refused, type Account, type Verdict } from "./tally.ts";
import { AT } from "./telemetry-messages.ts";

const WALKS = 120;
const STEPS = 40;

/** What must be true, in as few words as there are: how often a token was used, who is retired, how each command stands. */
interface Model {
  readonly tokens: { id: string; secret: string; uses: number; used: number; isRevoked: boolean }[];
  readonly devices: { id: string; isRetired: boolean; sequence: number }[];
  readonly commands: { id: string; job: string; device: string; state: CommandState }[];
}

interface Real {
  readonly episode: Episode;
  readonly account: Account;
}

type Step = fc.AsyncCommand<Model, Real>;
type Asked = { readonly output: Record<string, unknown> } | { readonly problem: string };

async function ask({ episode, account }: Real, path: string, input: object): Promise<Asked> {
  const result = await episode.ask(path, input).then(
    (output): Asked => ({ output: output as Record<string, unknown> }),
    (error: unknown): Asked => ({ problem: problemIn(error) }),
  );
  count(account, "problem" in result ? refused(result.problem) : accepted, { path, input });
  return result;
}

function problemIn(error: unknown): string {
  const { type } = Object(error) as { readonly type?: unknown };
  if (typeof type !== "string" || type === "internal") throw error;
  return type;
}

function hold(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what);
}

const step = (name: string, run: (model: Model, real: Real) => Promise<void>): Step => ({
  check: () => true,
  run,
  toString: () => name,
});

const pick = <T>(values: readonly T[], place: number): T | undefined => values[place % Math.max(1, values.length)];

const createToken = (uses: number): Step =>
  step(`create a token for ${uses}`, async (model, real) => {
    const made = await ask(real, "cpl/dm/token/create", { uses });
    hold("output" in made, "a token could not be made");
    if (!("output" in made)) return;
    const { id, token } = made.output as { id: string; token: string };
    model.tokens.push({ id, secret: parseToken(token).secret, uses, used: 0, isRevoked: false });
  });

const revokeToken = (place: number): Step =>
  step(`revoke token ${place}`, async (model, real) => {
    const token = pick(model.tokens, place);
    if (token === undefined) return;
    const done = await ask(real, "cpl/dm/token/revoke", { id: token.id });
    const isOpen = !token.isRevoked && token.used < token.uses;
    hold("output" in done || !isOpen, "an open token could not be revoked");
    token.isRevoked ||= isOpen;
  });

const enrol = (place: number): Step =>
  step(`enrol with token ${place}`, async (model, real) => {
    const token = pick(model.tokens, place);
    if (token === undefined) return;
    const name = `walker-${model.devices.length}-${token.used}-${place}`;
    const done = await ask(real, "cpl/dm/agent/register", registration(token, name));
    const mayEnrol = !token.isRevoked && token.used < token.uses;
    hold("output" in done === mayEnrol, `a token of ${token.uses} uses let in the one after ${token.used}`);
    if (!("output" in done)) return;
    token.used++;
    model.devices.push({ id: String(done.output["device"]), isRetired: false, sequence: 0 });
  });

const command = (place: number): Step =>
  step(`command device ${place}`, async (model, real) => {
    const device = pick(model.devices, place);
    if (device === undefined) return;
    const done = await ask(real, "cpl/dm/job/create", { device: device.id, kind: "ping" });
    hold("output" in done === !device.isRetired, "a retired device was given a command, or another one none");
    if (!("output" in done)) return;
    const { job, commands } = done.output as { job: { id: string }; commands: { id: string; state: CommandState }[] };
    for (const { id, state } of commands) model.commands.push({ id, job: job.id, device: device.id, state });
  });

const cancel = (place: number): Step =>
  step(`cancel command ${place}`, async (model, real) => {
    const one = pick(model.commands, place);
    if (one !== undefined) await ask(real, "cpl/dm/job/cancel", { job: one.job });
  });

/** A device speaks of a command: of its own, or of another's. */
const report = (speaker: number, place: number, phase: number): Step =>
  step(`device ${speaker} reports phase ${phase} of command ${place}`, async (model, { episode, account }) => {
    const [device, one] = [pick(model.devices, speaker), pick(model.commands, place)];
    if (device === undefined || one === undefined || device.isRetired) return;
    device.sequence++;
    const ended = isFinalPhase(phase) ? { finishedAtMs: AT } : {};
    const record = { sequence: device.sequence, atMs: AT, commandReport: { command: one.id, phase, ...ended } };
    const batch = v1.RecordBatch.encode({ records: [record], firstUnacknowledged: 1, sessionEpoch: 1 }).finish();
    const before = await stateOf(episode, one.job);
    const said = { device: device.id, topic: formatTopic("result", { device: device.id }), hex: hexOf(batch) };
    const verdict = await episode.hear(said);
    count(account, verdict, said);
    if (device.id !== one.device)
      hold(isDeepStrictEqual(before, await stateOf(episode, one.job)), "a device changed another's command");
  });

const retire = (place: number): Step =>
  step(`retire device ${place}`, async (model, real) => {
    const device = pick(model.devices, place);
    if (device === undefined) return;
    await ask(real, "cpl/dm/device/retire", { device: device.id });
    device.isRetired = true;
    const found = await ask(real, "cpl/dm/device/find", { device: device.id });
    hold("output" in found && found.output["state"] === "retired", "a device that was retired came back");
  });

/** After each step: what ended stays as it ended. */
const look: Step = step("look", async (model, { episode }) => {
  for (const one of model.commands) {
    const state = (await stateOf(episode, one.job)) ?? one.state;
    hold(state === one.state || !commandLife.isFinal(one.state), `a command went from ${one.state} to ${state}`);
    one.state = state;
  }
});

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const stateOf = async (episode: Episode, job: string): Promise<CommandState | undefined> =>
  ((await episode.ask("cpl/dm/job/find", { job })) as { commands: { state: CommandState }[] }).commands[0]?.state;

const place = fc.nat({ max: 5 });
const steps = [
  fc.integer({ min: 1, max: 3 }).map(createToken),
  place.map(revokeToken),
  place.map(enrol),
  place.map(enrol),
  place.map(command),
  place.map(cancel),
  fc.tuple(place, place, fc.integer({ min: 1, max: 9 })).map((given) => report(...given)),
  place.map(retire),
  fc.constant(look),
];

/** Walks from tokens to devices to commands to their ends, held to a model of a few words. */
export const walks: Area = {
  name: "walks",
  run: async ({ seed, times, only }: Run) => {
    const account = emptyAccount();
    const property = fc.asyncProperty(fc.commands(steps, { maxCommands: STEPS, size: "max" }), async (walk) => {
      const episode = await Episode.begin(seed);
      try {
        const model: Model = { tokens: [], devices: [], commands: [] };
        await fc.asyncModelRun(() => ({ model, real: { episode, account } }), walk);
        await look.run(model, { episode, account });
        hold(episode.failures.length === 0, episode.failures[0] ?? "");
      } finally {
        await episode.core[Symbol.asyncDispose]();
      }
    });
    const numRuns = only === undefined ? Math.max(1, Math.round(WALKS * times)) : only + 1;
    const result = await fc.check(property, { seed, numRuns, endOnFailure: false });
    if (result.failed)
      account.findings.push({
        what: `${String(result.errorInstance)} after ${fc.stringify(result.counterexample)}`,
        input: seed,
      });
    account.notes.push(`${result.numRuns} walks of up to ${STEPS} steps`);
    return account;
  },
  // A walk is made from its seed again; what one found is a test next to the code.
  replay: async (inputs): Promise<readonly Verdict[]> => inputs.map(() => finding("walks are not kept in the corpus")),
};
