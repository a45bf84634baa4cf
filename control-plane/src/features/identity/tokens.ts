import { SECOND } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import { maySomewhere, type Caller } from "../../platform/caller.ts";
import { moved } from "../../platform/change.ts";
import { pageOf } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import type { IdentityContext } from "./context.ts";
import * as contract from "./contract.ts";
import { issue, tokenUses } from "./credentials.ts";

const { apiToken } = contract;

export const tokenActions = [
  handle(
    contract.createApiToken,
    async ({ name, permissions: wanted, selector, ttl = 2_592_000 }, context: IdentityContext, caller) => {
      const { store, clock, newId, random, scopes } = context;
      if (selector !== undefined) scopes.compile(selector);
      const permissions = wanted ?? [
        ...new Set([...caller.permissions, ...(caller.limited ?? []).map(({ permission }) => permission)]),
      ];
      refuseMoreThanOwn(permissions, caller);
      const creator = await creatorOf(caller, context);
      const asked = clock.now() + ttl * SECOND;
      // A token that could make one which outlives it would live for ever.
      const expiresAt = creator.kind === "token" ? Math.min(asked, creator.expiresAt) : asked;
      const id = newId();
      // One that is limited makes none that is not.
      const narrowed = [creator.selector, selector].filter((each) => each !== undefined);
      if (narrowed.length > 1)
        throw new Problem("forbidden", "a token that holds for some devices only cannot make one for others");
      const { text, change } = issue(
        { id, name, owner: creator.owner, kind: "token", permissions, selector: narrowed[0], expiresAt },
        random,
      );
      await store.commit(change);
      return { id, token: text, expiresAt };
    },
  ),
  handle(contract.listApiTokens, async ({ state: states, limit = 50, cursor }, { store }: IdentityContext) => {
    const page = await pageOf(store, apiToken, {
      index: "kind",
      prefix: ["token"],
      states,
      limit,
      cursor,
      reverse: true,
    });
    return { ...page, items: await Promise.all(page.items.map((each) => shown(each, store))) };
  }),
  handle(contract.revokeApiToken, async ({ id }, { store }: IdentityContext) =>
    repeatOnConflict(async () => {
      const row = await resolve(store, apiToken, id);
      await store.commit(moved(apiToken, row, "revoke"));
      return shown(await resolve(store, apiToken, row.id), store);
    }),
  ),
];

function refuseMoreThanOwn(permissions: readonly string[], caller: Caller): void {
  const missing = permissions.filter((each) => !maySomewhere(caller, each));
  if (missing.length > 0)
    throw new Problem("forbidden", `a token cannot hold more than who makes it: you lack ${missing.join(", ")}`);
}

/** The credential that asks: a new token belongs to the same person. */
async function creatorOf({ session }: Caller, { store }: IdentityContext): Promise<contract.ApiToken> {
  if (session === undefined) throw new Problem("forbidden", "an API token belongs to a person: sign in to make one");
  return resolve(store, apiToken, session);
}

async function shown(row: contract.ApiToken, store: Store) {
  const { id, name, owner, permissions, selector, state, expiresAt, createdAt } = row;
  const use = await store.get(tokenUses, id);
  return {
    id,
    name,
    owner,
    permissions: [...permissions],
    ...(selector !== undefined && { selector }),
    state,
    expiresAt,
    createdAt,
    ...(use && { lastUsedAt: use.at }),
  };
}
