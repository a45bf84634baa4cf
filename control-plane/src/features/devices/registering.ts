import { handle, type InputOf } from "../../platform/action.ts";
import { created, moved, put, updated } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { resolve } from "../../platform/reference.ts";
import type { Store } from "../../platform/store.ts";
import { registerAgent } from "./certificate-contract.ts";
import { identityOf, type IdentityLife } from "./certificate-life.ts";
import { device } from "./contract.ts";
import type { DevicesContext } from "./context.ts";
import { judge, labelled } from "./enrolment.ts";
import { issue, newestOf, repeated, type Given } from "./issuing.ts";
import { freeNameLike } from "./names.ts";
import { tokenUses } from "./tables.ts";
import { token, type Token } from "./token-contract.ts";

const KEY_BYTES = 32;

export const registering = handle(registerAgent, async (input, context: DevicesContext) => {
  const { store, clock, authority, turns } = context;
  const [tokenId = "", secret = ""] = input.token.split(".");
  const key = await authority.publicKeyOf(input.certificateRequest);
  refuseBadKeys(input);

  const use = `${tokenId}.${key.hash}`;
  const look = async () => {
    const row = await store.get(token, tokenId);
    const known = (await store.get(tokenUses, use))?.device;
    const verdict = judge(row, { secret, known }, clock.now());
    if (verdict.kind === "refuse")
      throw new Problem("forbidden", `${verdict.why}; make a new one with "edgemere cpl dm token create"`);
    return { row: row as Token, verdict };
  };
  // Who may not use it does not stand in its line; those who may would all move its row, and thousands come at once.
  await look();
  const enrolled = async () => {
    const { row, verdict } = await look();
    return verdict.kind === "repeat" ? verdict.device : enrol(row, { use, keyHash: key.hash }, input, context);
  };
  const id = await turns.take(`enrolment token ${tokenId}`, () => repeatOnConflict(enrolled));

  // Issued after the use of the token is durable: a key that got in can always ask again, another one never.
  const given = await repeatOnConflict(() => certified(id, { ...input, ...key }, context));
  return {
    device: id,
    name: (await resolve(store, device, id)).name,
    trustDomain: authority.trustDomain,
    ...given,
    keyring: Buffer.from(authority.keys.keyring).toString("base64"),
    mqtt: [...context.addresses.mqtt],
  };
});

/** A key that cannot be used later is refused while somebody sees it. */
function refuseBadKeys({ messageKey, sealingKey }: InputOf<typeof registerAgent>): void {
  for (const [field, text] of Object.entries({ messageKey, ...(sealingKey !== undefined && { sealingKey }) }))
    if (Buffer.from(text, "base64").length !== KEY_BYTES)
      throw new Problem("invalid-input", `${field}: must be ${KEY_BYTES} bytes in base64`, {
        errors: [{ pointer: `/${field}`, detail: `must be ${KEY_BYTES} bytes in base64` }],
      });
}

/** The first certificate of a device; the same once more where its answer got lost. Throws Conflict. */
async function certified(
  id: string,
  { certificateRequest, hash, wishes }: Pick<Parameters<typeof issue>[1], "certificateRequest" | "hash" | "wishes">,
  context: DevicesContext,
): Promise<Given> {
  const row = await resolve(context.store, device, id);
  if (row.state === "retired")
    throw new Problem("forbidden", "this device was retired; enrol it with a new token and a new key");
  if (row.state === "pending") return { state: "waiting" };
  const newest = await newestOf(context, row);
  const isFirst = newest.id === "" || newest.number === 0;
  const isOwn = newest.keyHash === hash && newest.state !== "revoked";
  if (isOwn && newest.notAfter > context.clock.now()) return repeated(newest, context);
  if (isFirst || isOwn) return issue(row, { certificateRequest, hash, wishes, cause: "enrolment" }, context);
  throw new Problem(
    "forbidden",
    "this device has had newer certificates since; enrol it with a new token and a new key",
  );
}

/** The token's use is bound to the key, and the device made, in one commit. */
async function enrol(
  row: Token,
  { use, keyHash }: { readonly use: string; readonly keyHash: string },
  input: InputOf<typeof registerAgent>,
  { store, clock, newId }: DevicesContext,
): Promise<string> {
  const id = newId();
  const { name, taking } = await freeNameLike(input.name, store);
  const used = { used: row.used + 1 };
  const identity = { ...identityOf({}), ...(await waitingFor(row, input.machineId, store)) };
  const isWaiting = identity.waitsFor !== "";
  await store.commit(
    used.used >= row.uses ? moved(token, row, "exhaust", used) : updated(token, row, used),
    put(tokenUses, { id: use, device: id }),
    created(
      device,
      id,
      {
        name,
        isNameProposed: true,
        ...labelled(input.labels, row),
        presence: "offline",
        presenceAt: clock.now(),
        sessionEpoch: 0,
        agent: { version: input.agentVersion, bootId: "", capabilities: [], lastExitReason: "", clockOffset: 0 },
        inventory: {},
        certificate: { serial: "", notAfter: 0 },
        identity: { ...identity, contender: isWaiting ? keyHash : "" },
        machineId: input.machineId,
        messageKey: input.messageKey,
        signsResults: input.signsResults ?? false,
        ...(input.sealingKey !== undefined && { sealingKey: input.sealingKey }),
      },
      isWaiting ? "pending" : "active",
    ),
    taking,
  );
  return id;
}

/** What an operator has to approve before this host is a device. */
async function waitingFor(
  { approval = "none" }: Token,
  machineId: string,
  store: Store,
): Promise<Pick<IdentityLife, "waitsFor" | "replaces">> {
  if (approval === "none") return { waitsFor: "", replaces: "" };
  const { items } =
    machineId === "" ? { items: [] } : await store.list(device, { index: "machine", prefix: [machineId], limit: 1 });
  const [known] = items;
  if (known !== undefined) return { waitsFor: "replacement", replaces: known.id };
  return { waitsFor: approval === "manual" ? "enrolment" : "", replaces: "" };
}
