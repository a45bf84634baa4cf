import { createHash } from "node:crypto";
import { commandLife } from "@edgemere/protocol";
import { SECOND, type Loop } from "@edgemere/protocol/kit";
import { itself } from "../../platform/caller.ts";
import { replaced } from "../../platform/change.ts";
import { ask } from "../../platform/dispatch.ts";
import { Problem } from "../../platform/problem.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import { command, createJob, permissionsToCommand } from "../jobs/contract.ts";
import { device, type Device } from "../devices/contract.ts";
import type { PoliciesContext } from "./context.ts";
import { canWatch } from "./deciding.ts";
import { devicePacks, deviceWords, type DevicePack, type DeviceWords } from "./device-packs-tables.ts";
import { stepsOf } from "./on-device.ts";
import { packedEffects } from "./pack-effects.ts";
import type { Known } from "./watch.ts";
import { isOnDevice, type WatchedPolicy } from "./watched-policy.ts";

const KIND = "policy.pack";
/** Devices that one step looks at. */
const STEP = 100;
const WEEK_SECONDS = 604_800;

/** Sends each device what it is to watch by itself, where that is another than what it has. */
export const sendPacks = (context: PoliciesContext): Loop => ({
  name: "send packs of policies",
  every: SECOND,
  onError: (error) => context.log.error("loop failed", { loop: "send packs of policies", error }),
  step: async () => {
    const { store, watch } = context;
    if (watch.packsLookedUpTo !== undefined) {
      const { items } = await store.list(device, { limit: STEP, from: `${watch.packsLookedUpTo}\u0000` });
      for (const { id } of items) watch.lookAtPack(id);
      watch.packsLookedUpTo = items.at(-1)?.id;
    }
    const some = watch.takePacks(STEP);
    for (const id of some) await look(id, context).catch(unlessMoved);
    return some.length > 0 || watch.packsLookedUpTo !== undefined ? "more" : "settled";
  },
});

async function look(id: string, context: PoliciesContext): Promise<void> {
  const { store, watch } = context;
  const known = await watch.known(id, context);
  if (known === undefined || known.row.state === "retired" || !canWatch(known.row)) return;
  const policies = await packOf(known, context);
  const before = await store.get(devicePacks, id);
  if (before === undefined && policies.length === 0) return;
  const hash = createHash("sha256").update(JSON.stringify(policies)).digest("hex");
  const words = await store.get(deviceWords, id);
  if (before?.hash === hash) {
    const standing = await standingOf(before, words, context);
    if (standing.is === "refused" && before.refused !== standing.why) {
      const refused = { ...before, refused: standing.why, version: before.version + 1 };
      await store.commit(replaced(devicePacks, refused, before.version));
    }
    if (standing.is !== "missing") return;
  }
  const pack = Math.max(before?.pack ?? 0, words?.pack ?? 0) + 1;
  const made = await send(id, { version: pack, policies }, context);
  // Something about the device has to change before it can be sent; then it is looked at again.
  if (made === undefined) return;
  const version = (before?.version ?? 0) + 1;
  await store.commit(replaced(devicePacks, { id, version, pack, hash, command: made }, before?.version ?? 0));
}

type PackStanding = { readonly is: "had" | "missing" } | { readonly is: "refused"; readonly why: string };

/** Whether a device has, or will have, the pack that it was sent. */
async function standingOf(
  sent: DevicePack,
  words: DeviceWords | undefined,
  { store }: PoliciesContext,
): Promise<PackStanding> {
  if (words?.pack === sent.pack) return { is: "had" };
  const row = await store.get(command, sent.command);
  if (row === undefined) return { is: "missing" };
  if (!commandLife.isFinal(row.state)) return { is: "had" };
  // Its word may come a moment after the end of the command; later it says that it lost the pack.
  if (row.state === "succeeded") return { is: (words?.heardAt ?? 0) > row.updatedAt ? "missing" : "had" };
  const isRefused = row.state === "rejected" || row.state === "failed";
  return isRefused && row.reason !== "old-pack"
    ? { is: "refused", why: `${row.reason}: ${row.detail}` }
    : { is: "missing" };
}

/** Undefined where it is to be tried again later. */
async function send(id: string, given: object, context: PoliciesContext): Promise<string | undefined> {
  const caller = itself(permissionsToCommand(KIND), context);
  const asked = { device: id, kind: KIND, arguments: { ...given }, queueTimeout: WEEK_SECONDS } as const;
  try {
    return (await ask(createJob, asked, caller, context)).commands[0]?.id;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    context.log.warn("a device is not sent what it is to watch", { device: id, problem: error.message });
    return undefined;
  }
}

const packOf = ({ policies, row: device }: Known, context: PoliciesContext) =>
  Promise.all(
    policies
      .filter(({ row }) => isOnDevice(row))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
      .map((each) => policyOf(each, device, context)),
  );

const policyOf = async (
  { name, row, for: forMs, keepFiringFor, freshFor }: WatchedPolicy,
  device: Device,
  context: PoliciesContext,
) => ({
  name,
  revision: row.revision,
  condition: stepsOf(row.condition),
  forMs,
  keepFiringForMs: keepFiringFor,
  freshForMs: freshFor,
  effects: await packedEffects(row, device, context),
});
