import { formatToken } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { handle, type InputOf } from "../../platform/action.ts";
import { created, moved, updated, type Change } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { resolve } from "../../platform/reference.ts";
import type { Store } from "../../platform/store.ts";
import * as contract from "./contract.ts";
import type { DevicesContext } from "./context.ts";
import { freeName, hashOf, judge } from "./enrolment.ts";
import { takeName } from "./names.ts";

const { device, token } = contract;
const KEY_BYTES = 32;

export const tokenActions = [
  handle(
    contract.createToken,
    async (
      { uses = 1, ttl = 3_600, labels = {} },
      { store, clock, random, newId, authority, addresses }: DevicesContext,
      { actor },
    ) => {
      const id = newId();
      const secret = Buffer.from(random.bytes(32)).toString("base64url");
      const expiresAt = clock.now() + ttl * SECOND;
      await store.commit(
        created(token, id, {
          uses,
          used: 0,
          expiresAt,
          labels,
          secretHash: hashOf(secret),
          devices: {},
          author: actor,
        }),
      );
      const text = formatToken({ id, secret, pin: authority.pin, server: addresses.deviceApi });
      return { id, token: text, command: `npx edgemere-agent enrol ${text} --run`, expiresAt };
    },
  ),
  handle(contract.listTokens, async ({ limit = 50, cursor }, { store }: DevicesContext) => {
    const page = await store.list(token, { limit, cursor, reverse: true });
    return { ...page, items: page.items.map(shown) };
  }),
  handle(contract.revokeToken, async ({ id }, { store }: DevicesContext) =>
    repeatOnConflict(async () => {
      const row = await resolve(store, token, id);
      await store.commit(moved(token, row, "revoke"));
      return shown(await resolve(store, token, row.id));
    }),
  ),
  handle(contract.registerAgent, async (input, context: DevicesContext) => {
    const { store, clock, newId, authority } = context;
    const [tokenId = "", secret = ""] = input.token.split(".");
    const key = await authority.publicKeyOf(input.certificateRequest);
    refuseBadKeys(input);

    const id = await repeatOnConflict(async () => {
      const row = await store.get(token, tokenId);
      const verdict = judge(row, secret, key.hash, clock.now());
      if (verdict.kind === "refuse")
        throw new Problem("forbidden", `${verdict.why}; make a new one with "edgemere cpl dm token create"`);
      if (verdict.kind === "repeat") return verdict.device;
      return enrol(row as contract.Token, key.hash, newId(), input, context);
    });

    // Issued after the use of the token is durable: a key that got in can always ask again, another one never.
    const issued = await authority.issue(input.certificateRequest, id);
    const name = await repeatOnConflict(async () => {
      const row = await resolve(store, device, id);
      if (row.state === "retired")
        throw new Problem("forbidden", "this device was retired; enrol it with a new token and a new key");
      await store.commit(updated(device, row, { certificate: { serial: issued.serial, notAfter: issued.notAfter } }));
      return row.name;
    });
    const { certificate, chain } = issued;
    return {
      device: id,
      name,
      trustDomain: authority.trustDomain,
      certificate,
      chain: [...chain],
      keyring: Buffer.from(authority.keys.keyring).toString("base64"),
      mqtt: [...context.addresses.mqtt],
    };
  }),
];

/** A key that cannot be used later is refused while somebody sees it. */
function refuseBadKeys({ messageKey, sealingKey }: InputOf<typeof contract.registerAgent>): void {
  for (const [field, text] of Object.entries({ messageKey, ...(sealingKey !== undefined && { sealingKey }) }))
    if (Buffer.from(text, "base64").length !== KEY_BYTES)
      throw new Problem("invalid-input", `${field}: must be ${KEY_BYTES} bytes in base64`, {
        errors: [{ pointer: `/${field}`, detail: `must be ${KEY_BYTES} bytes in base64` }],
      });
}

/** The token's use is bound to the key, and the device made, in one commit. */
async function enrol(
  row: contract.Token,
  keyHash: string,
  id: string,
  input: InputOf<typeof contract.registerAgent>,
  { store, clock }: DevicesContext,
): Promise<string> {
  const { name, taking } = await freeNameLike(input.name, store);
  const use = { used: row.used + 1, devices: { ...row.devices, [keyHash]: id } };
  await store.commit(
    row.used + 1 >= row.uses ? moved(token, row, "exhaust", use) : updated(token, row, use),
    created(
      device,
      id,
      {
        name,
        labels: { ...input.labels, ...row.labels },
        presence: "offline",
        presenceAt: clock.now(),
        sessionEpoch: 0,
        agent: { version: input.agentVersion, bootId: "", capabilities: [], lastExitReason: "", clockOffset: 0 },
        inventory: {},
        certificate: { serial: "", notAfter: 0 },
        machineId: input.machineId,
        messageKey: input.messageKey,
        signsResults: input.signsResults ?? false,
        ...(input.sealingKey !== undefined && { sealingKey: input.sealingKey }),
      },
      "active",
    ),
    taking,
  );
  return id;
}

async function freeNameLike(
  proposed: string,
  store: Store,
): Promise<{ readonly name: string; readonly taking: Change }> {
  const taken = new Set<string>();
  for (;;) {
    const name = freeName(proposed, (each) => taken.has(each));
    const taking = await takeName(store, name);
    if (taking !== undefined) return { name, taking };
    taken.add(name);
  }
}

const shown = ({ id, state, uses, used, expiresAt, labels, author, createdAt }: contract.Token) => ({
  id,
  state,
  uses,
  used,
  expiresAt,
  labels,
  author,
  createdAt,
});
