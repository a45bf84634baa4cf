import { type TObject, type TSchema, Type } from "@sinclair/typebox";
import { silentLog, type Clock } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { action, handle, type Action } from "../platform/action.ts";
import { startAlone } from "../platform/alone.test-support.ts";
import { ANYONE, type Authenticate, type Caller } from "../platform/caller.ts";
import { created, destroyed } from "../platform/change.ts";
import type { PlatformContext } from "../platform/context.ts";
import { feature } from "../platform/feature.ts";
import { Problem, type ProblemType } from "../platform/problem.ts";
import { resolve } from "../platform/reference.ts";
import { resource } from "../platform/resource.ts";
import type { FaceParts } from "./face.ts";

export const lamp = resource({
  name: "lamp",
  summary: "A lamp",
  shape: Type.Object({ name: Type.String(), pin: Type.String() }),
  indexes: { name: ({ name }) => [[name]] },
  secrets: ["pin"],
});

const Lamp = Type.Object({ id: Type.String(), name: Type.String() });
const declared = <const P extends string, I extends TObject, O extends TSchema>(
  path: P,
  effect: "read" | "write" | "destroy",
  input: I,
  output: O,
  more: Partial<Action<P, I, O>> = {},
) => action({ path, summary: `Does ${path}`, effect, permission: `lamp:${effect}`, input, output, ...more });

const actions = {
  list: declared(
    "toy/lamp/list",
    "read",
    Type.Object({
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })),
      tag: Type.Optional(Type.Array(Type.String())),
    }),
    Type.Object({ items: Type.Array(Lamp), tag: Type.Array(Type.String()) }),
  ),
  create: declared("toy/lamp/create", "write", Type.Object({ name: Type.String(), pin: Type.String() }), Lamp, {
    secrets: ["pin"],
  }),
  destroy: declared("toy/lamp/destroy", "destroy", Type.Object({ id: Type.String() }), Type.Object({})),
  signIn: declared(
    "toy/signin",
    "write",
    Type.Object({ name: Type.String() }),
    Type.Object({ token: Type.Optional(Type.String()), user: Type.String() }),
    { permission: ANYONE, session: "begins" },
  ),
  signOut: declared("toy/signout", "write", Type.Object({}), Type.Object({}), { permission: ANYONE, session: "ends" }),
  who: declared(
    "toy/who",
    "read",
    Type.Object({}),
    Type.Object({ actor: Type.String(), via: Type.String(), requestId: Type.String() }),
    { permission: ANYONE },
  ),
  refuse: declared("toy/refuse", "write", Type.Object({ with: Type.String() }), Type.Object({}), {
    permission: ANYONE,
  }),
  fail: declared("toy/fail", "read", Type.Object({}), Type.Object({}), { permission: ANYONE }),
  register: declared(
    "toy/register",
    "write",
    Type.Object({ name: Type.String() }),
    Type.Object({ via: Type.String() }),
    {
      permission: ANYONE,
      forDevices: true,
    },
  ),
};

/** Credentials are the names of their holders here; `edt_gone` is none. */
const permissions: Readonly<Record<string, readonly string[]>> = {
  edt_owner: ["*"],
  edt_reader: ["lamp:read"],
};

const toys = feature<PlatformContext>({
  name: "toys",
  resources: [lamp],
  actions: [
    handle(actions.list, async ({ tag = [] }, { store }: PlatformContext) => ({
      // Whole rows, with more in them than the action declares.
      items: [...(await store.list(lamp)).items],
      tag,
    })),
    handle(actions.create, async (draft, { store, newId }: PlatformContext) => {
      const id = newId();
      await store.commit(created(lamp, id, draft));
      return resolve(store, lamp, id);
    }),
    handle(actions.destroy, async ({ id }, { store }: PlatformContext) => {
      await store.commit(destroyed(lamp, await resolve(store, lamp, id)));
      return {};
    }),
    handle(actions.signIn, async ({ name }) => ({ token: `edt_${name}`, user: name })),
    handle(actions.signOut, async () => ({})),
    handle(actions.who, async (_, __, { actor, via, requestId }) => ({ actor, via, requestId })),
    handle(actions.refuse, async ({ with: type }) => {
      throw new Problem(type as ProblemType, "as it was asked for");
    }),
    handle(actions.fail, async () => {
      throw new Error("a secret of the inside");
    }),
    handle(actions.register, async (_, __, { via }: Caller) => ({ via })),
  ],
});

/** All that a face needs, over a feature made of toys. */
export async function someParts(clock: Clock = new ManualClock(), over: Partial<FaceParts> = {}) {
  const { store, newId, scopes, dispatch } = await startAlone(toys, {}, { clock });
  const revoked = new Set<string>();
  const authenticate: Authenticate = async (credential) => {
    const held = Object.hasOwn(permissions, credential) ? permissions[credential] : undefined;
    return held === undefined || revoked.has(credential)
      ? undefined
      : { actor: `user:${credential.slice(4)}`, permissions: held, session: credential };
  };
  const parts: FaceParts = {
    actions: Object.values(actions),
    resources: [lamp],
    dispatch,
    authenticate,
    store,
    scopes,
    clock,
    newId,
    log: silentLog,
    version: "0.0.0",
    health: () => ({ status: "ok", reasons: [] }),
    origins: ["https://edgemere.example"],
    ...over,
  };
  return { ...parts, revoke: (credential: string) => revoked.add(credential) };
}
