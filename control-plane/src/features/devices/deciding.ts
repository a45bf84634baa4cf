import { handle } from "../../platform/action.ts";
import { moved, updated, type Change } from "../../platform/change.ts";
import { pageOf, pageWithin } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import * as contract from "./certificate-contract.ts";
import { identityOf, type IdentityLife } from "./certificate-life.ts";
import type { DevicesContext } from "./context.ts";
import { device, type Device } from "./contract.ts";
import { newestOf } from "./issuing.ts";
import { handOver, takeName } from "./names.ts";

const { certificate } = contract;
const DECIDED = { doubt: "", contender: "", waitsFor: "" } as const;

export const decidingActions = [
  handle(
    contract.listCertificates,
    async ({ device: ref, state: states, limit = 50, cursor }, { store }: DevicesContext) => {
      const { id } = await resolve(store, device, ref);
      const page = await pageOf(store, certificate, {
        index: "device",
        prefix: [id],
        states,
        limit,
        cursor,
        reverse: true,
      });
      return { ...page, items: [...page.items] };
    },
  ),
  handle(contract.revokeCertificate, async ({ serial }, context: DevicesContext) => {
    const { store, link } = context;
    const revoked = await repeatOnConflict(async () => {
      const row = await resolve(store, certificate, serial.toLowerCase());
      await store.commit(moved(certificate, row, "revoke"));
      return resolve(store, certificate, row.id);
    });
    link.disconnect(revoked.device, "its certificate was revoked");
    return revoked;
  }),
  handle(contract.listWaiting, async ({ limit = 50, cursor }, { store, scopes }: DevicesContext, caller) => {
    const reach = scopes.reachOf(caller, contract.listWaiting.permission);
    const page = await pageWithin(store, device, reach, { index: "waiting", limit, cursor });
    return { ...page, items: [...page.items] };
  }),
  handle(contract.approveDevice, async ({ device: ref, replace }, context: DevicesContext, caller) => {
    const { store, link, scopes } = context;
    const reach = scopes.reachOf(caller, contract.approveDevice.permission);
    const approved = await repeatOnConflict(async () => {
      const row = await resolve(store, device, ref);
      const { replaces } = identityOf(row);
      if (replace === true && !(await reach.coversId(replaces)))
        throw new Problem(
          "forbidden",
          `${caller.actor} may not decide about the device that "${row.name}" would replace`,
        );
      await store.commit(...(await approval(row, replace, context)));
      return { id: row.id, retired: replace === true ? replaces : "" };
    });
    if (approved.retired !== "") link.dismiss(approved.retired, "the device was replaced");
    return resolve(store, device, approved.id);
  }),
  handle(contract.splitDevice, async ({ device: ref }, context: DevicesContext) =>
    decide(ref, context, (identity) => {
      // Where only their records gave them away, both hold the newest certificate: the first to renew it is the original.
      const copiesUpTo = identity.doubt === "" ? identity.number : identity.number - 1;
      return { ...identity, ...DECIDED, copiesUpTo };
    }),
  ),
  handle(contract.replaceDevice, async ({ device: ref }, context: DevicesContext) =>
    decide(ref, context, (identity) => {
      if (identity.doubt === "" || identity.contender === "")
        throw new Problem("conflict", "nobody has asked to take this device over; use split, release or retire");
      return { ...identity, ...DECIDED, copiesUpTo: identity.number, approvedKey: identity.contender };
    }),
  ),
];

/** Ends a quarantine with what was decided about the identity. */
async function decide(
  ref: string,
  context: DevicesContext,
  decision: (identity: IdentityLife) => IdentityLife,
): Promise<Device> {
  const { store, link } = context;
  const decided = await repeatOnConflict(async () => {
    const row = await resolve(store, device, ref);
    if (row.state !== "quarantined") throw new Problem("conflict", `${row.name} is not in quarantine`);
    const identity = decision({ ...identityOf(row), number: (await newestOf(context, row)).number });
    await store.commit(moved(device, row, "release", { identity, quarantineReason: "" }));
    return resolve(store, device, row.id);
  });
  link.resync(decided.id);
  return decided;
}

async function approval(
  row: Device,
  replace: boolean | undefined,
  { store }: DevicesContext,
): Promise<readonly Change[]> {
  const identity = identityOf(row);
  if (identity.waitsFor === "recovery")
    return [updated(device, row, { identity: { ...identity, ...DECIDED, approvedKey: identity.contender } })];
  if (row.state !== "pending") throw new Problem("conflict", `${row.name} waits for no approval`);
  const approved = { ...identity, ...DECIDED, replaces: "" };
  if (identity.waitsFor !== "replacement") return [moved(device, row, "activate", { identity: approved })];
  if (replace === undefined)
    throw new Problem("invalid-input", "this host is a device already: say with replace whether that one is retired", {
      errors: [{ pointer: "/replace", detail: "must be given here" }],
    });
  const former = replace ? await store.get(device, identity.replaces) : undefined;
  if (former === undefined || former.state === "retired")
    return [moved(device, row, "activate", { identity: approved })];
  // The retired one keeps its row for ever, under a name that nobody else will want.
  const name = `${former.name.slice(0, 90)}~${former.id}`;
  const [own, other] = [await takeName(store, name), await handOver(store, former.name)];
  if (own === undefined) throw new Problem("conflict", `there is already a device "${name}"`);
  return [
    moved(device, former, "retire", { name, presence: "offline" }),
    own,
    other,
    moved(device, row, "activate", {
      identity: approved,
      name: former.name,
      isNameProposed: former.isNameProposed ?? false,
    }),
  ];
}
