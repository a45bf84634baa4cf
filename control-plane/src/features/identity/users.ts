import { handle, type InputOf } from "../../platform/action.ts";
import { may, type Caller } from "../../platform/caller.ts";
import { created, moved, replaced, updated, type Change } from "../../platform/change.ts";
import { pageOf } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";
import type { IdentityContext } from "./context.ts";
import * as contract from "./contract.ts";

const { apiToken, user } = contract;

// One row that every loss of an owner rewrites: two owners who disable each other at once meet here, and one is refused.
const ownersGuard = table<{ readonly id: string; readonly version: number }>("ownersguard");

export const userActions = [
  handle(contract.createUser, async ({ name, password, ...wanted }, context: IdentityContext, caller) => {
    const { store, passwords } = context;
    const { roles, limitedRoles } = rolesIn(wanted, context);
    refuseOwnerByOthers(roles, caller);
    if ((await store.get(user, name)) !== undefined)
      throw new Problem("conflict", `there is already an account "${name}"; choose another name`);
    // The name is the id, so that of two accounts of one name at once the second is refused.
    await store.commit(
      created(user, name, { name, roles, limitedRoles, passwordHash: await passwords.hash(password) }),
    );
    return shown(await resolve(store, user, name));
  }),
  handle(contract.listUsers, async ({ state: states, limit = 50, cursor }, { store }: IdentityContext) => {
    const page = await pageOf(store, user, { index: "name", states, limit, cursor });
    return { ...page, items: page.items.map(shown) };
  }),
  handle(contract.assignRoles, async ({ user: ref, ...wanted }, context: IdentityContext, caller) =>
    repeatOnConflict(async () => {
      const { store } = context;
      const row = await resolve(store, user, ref);
      const { roles, limitedRoles } = rolesIn(wanted, context);
      refuseOwnerByOthers([...row.roles, ...roles], caller);
      const isNoOwnerNow = row.state === "active" && row.roles.includes("owner") && !roles.includes("owner");
      await store.commit(
        updated(user, row, { roles, limitedRoles }),
        ...(isNoOwnerNow ? [await keptOwner(store, row.id)] : []),
      );
      return shown(await resolve(store, user, row.id));
    }),
  ),
  handle(contract.disableUser, async ({ user: ref }, { store }: IdentityContext, caller) =>
    repeatOnConflict(async () => {
      const row = await resolve(store, user, ref);
      refuseOwnerByOthers(row.roles, caller);
      const changes: Change[] = [moved(user, row, "disable")];
      if (row.roles.includes("owner")) changes.push(await keptOwner(store, row.id));
      for await (const token of store.scan(apiToken, { index: "owner", prefix: [row.id] }))
        if (token.state === "active") changes.push(moved(apiToken, token, "revoke"));
      await store.commit(...changes);
      return shown(await resolve(store, user, row.id));
    }),
  ),
  handle(contract.enableUser, async ({ user: ref }, { store }: IdentityContext, caller) =>
    repeatOnConflict(async () => {
      const row = await resolve(store, user, ref);
      refuseOwnerByOthers(row.roles, caller);
      await store.commit(moved(user, row, "enable"));
      return shown(await resolve(store, user, row.id));
    }),
  ),
];

/** Throws Problem invalid-input when there is none, or a selector that says nothing. */
function rolesIn(
  { roles = [], limitedRoles = [] }: Pick<InputOf<typeof contract.assignRoles>, "roles" | "limitedRoles">,
  { scopes }: IdentityContext,
) {
  if (roles.length + limitedRoles.length === 0)
    throw new Problem(
      "invalid-input",
      "an account has at least one role: give roles, or limitedRoles for some devices",
    );
  for (const { role, selector } of limitedRoles) {
    if (role === "owner")
      throw new Problem("invalid-input", "an owner looks after everything; give another role for some devices");
    scopes.compile(selector);
  }
  return { roles: [...roles], limitedRoles: limitedRoles.map((each) => ({ ...each })) };
}

/** Who looks after accounts is not above the owners: they alone make, lock and unlock owners. */
export function refuseOwnerByOthers(roles: readonly string[], caller: Caller): void {
  if (roles.includes("owner") && !may(caller, "*"))
    throw new Problem("forbidden", "only an owner may make, lock or unlock an owner");
}

async function keptOwner(store: Store, leaving: string): Promise<Change> {
  const version = (await store.get(ownersGuard, "owners"))?.version ?? 0;
  for await (const other of store.scan(user))
    if (other.id !== leaving && other.state === "active" && other.roles.includes("owner"))
      return replaced(ownersGuard, { id: "owners", version: version + 1 }, version);
  throw new Problem("conflict", "this is the last owner: make another one first, or nobody could manage accounts");
}

const shown = ({ id, name, roles, limitedRoles = [], state, createdAt }: contract.User) => ({
  id,
  name,
  roles: [...roles],
  limitedRoles: limitedRoles.map((each) => ({ ...each })),
  state,
  createdAt,
});
