import { v1, type CommandReport } from "@edgemere/protocol";
import { seededRandom, SimulatedDisk, type ManualClock } from "@edgemere/protocol/simulated";
import type { InputOf } from "../../platform/action.ts";
import { signer, startTestCore, type CoreContext, type TestCore } from "../../platform/core.test-support.ts";
import type { Database } from "../../platform/database.ts";
import { feature } from "../../platform/feature.ts";
import { openVault } from "../../platform/vault.ts";
import { aDevice } from "../device.test-support.ts";
import { device } from "../devices/contract.ts";
import { realm } from "../devices/selector-contract.ts";
import { command, createJob, type Command } from "./contract.ts";
import { jobs, type Approvers, type JobsContext } from "./index.ts";

export type World = TestCore<CoreContext & JobsContext>;

/** One person looks after everything. */
const alone: Approvers = { rule: "auto", hasOther: async () => false, isActive: async () => true };

/** What grants are limited by. */
const fleet = feature<CoreContext & JobsContext>({ name: "fleet", resources: [device], realm, actions: [] });

/** A vault of its own. */
export const aVault = (seed: number) => openVault({ disk: new SimulatedDisk(), random: seededRandom(seed) });

/** The feature with two devices, "gw-1" (d1) and "gw-2" (d2), neither connected yet. */
export async function startJobs({
  approvers,
  dangerousCaps,
  alertsOf,
  vault,
  ...over
}: Pick<JobsContext, "dangerousCaps" | "alertsOf" | "vault"> & {
  database?: Database;
  clock?: ManualClock;
  approvers?: Partial<Approvers>;
} = {}): Promise<World> {
  const world = await startTestCore<CoreContext & JobsContext>({
    features: [jobs, fleet],
    context: {
      signer,
      authority: { trustDomain: "fleet.test" },
      approvers: { ...alone, ...approvers },
      vault: vault ?? (await aVault(1)),
      ...(dangerousCaps && { dangerousCaps }),
      ...(alertsOf && { alertsOf }),
    },
    ...over,
  });
  if ((await world.store.get(device, "d1")) === undefined)
    await world.store.commit(aDevice("d1", { name: "gw-1" }), aDevice("d2", { name: "gw-2" }));
  return world;
}

/** Asks gw-1 for a sign of life, unless told otherwise, and gives the command. */
export async function ask(world: World, over: Partial<InputOf<typeof createJob>> = {}): Promise<Command> {
  const { commands } = await world.call(createJob, { device: "gw-1", kind: "ping", ...over });
  const [row] = commands;
  if (row === undefined) throw new Error("the job has no command");
  return row;
}

/** A command as it is now. */
export async function look(world: World, { id }: Pick<Command, "id">): Promise<Command> {
  const row = await world.store.get(command, id);
  if (row === undefined) throw new Error(`there is no command ${id}`);
  return row;
}

const Phase = v1.CommandPhase;
export const phases = {
  journaled: Phase.COMMAND_PHASE_JOURNALED,
  running: Phase.COMMAND_PHASE_RUNNING,
  succeeded: Phase.COMMAND_PHASE_SUCCEEDED,
  failed: Phase.COMMAND_PHASE_FAILED,
  cancelled: Phase.COMMAND_PHASE_CANCELLED,
  rejected: Phase.COMMAND_PHASE_REJECTED,
  interrupted: Phase.COMMAND_PHASE_INTERRUPTED,
} as const;

/** A device's word on a command, as a record's body. */
export const aReport = (
  { id }: Pick<Command, "id">,
  phase: keyof typeof phases,
  over: v1.CommandReport.$Properties = {},
) => ({
  commandReport: { command: id, phase: phases[phase], startedAtMs: 1_000, finishedAtMs: 2_000, ...over },
});

/** The same as a decoder gives it. */
export const decodedReport = (over: v1.CommandReport.$Properties): CommandReport =>
  v1.CommandReport.decode(v1.CommandReport.encode(over).finish());
