import { formatToken } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import { may } from "../../platform/caller.ts";
import { created, moved } from "../../platform/change.ts";
import { pageOf } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { resolve } from "../../platform/reference.ts";
import type { DevicesContext } from "./context.ts";
import { hashOf } from "./enrolment.ts";
import { registering } from "./registering.ts";
import { createToken, listTokens, revokeToken, token, UNAPPROVED, type Token } from "./token-contract.ts";

export const tokenActions = [
  handle(
    createToken,
    async (
      { uses = 1, ttl = 3_600, labels = {}, hostLabels = [], approval = "known-machines" },
      { store, clock, random, newId, authority, addresses }: DevicesContext,
      caller,
    ) => {
      const { actor } = caller;
      if (approval === "none" && !may(caller, UNAPPROVED))
        throw new Problem(
          "forbidden",
          `${actor} may not make a token without approval: that needs the permission ${UNAPPROVED}`,
        );
      const id = newId();
      const secret = Buffer.from(random.bytes(32)).toString("base64url");
      const expiresAt = clock.now() + ttl * SECOND;
      await store.commit(
        created(token, id, {
          uses,
          used: 0,
          expiresAt,
          labels,
          hostLabels,
          secretHash: hashOf(secret),
          author: actor,
          approval,
        }),
      );
      const text = formatToken({ id, secret, pin: authority.pin, server: addresses.deviceApi });
      return { id, token: text, command: `npx edgemere-agent enrol ${text} --run`, expiresAt };
    },
  ),
  handle(listTokens, async ({ state: states, limit = 50, cursor }, { store }: DevicesContext) => {
    const page = await pageOf(store, token, { states, limit, cursor, reverse: true });
    return { ...page, items: page.items.map(shown) };
  }),
  handle(revokeToken, async ({ id }, { store }: DevicesContext) =>
    repeatOnConflict(async () => {
      const row = await resolve(store, token, id);
      await store.commit(moved(token, row, "revoke"));
      return shown(await resolve(store, token, row.id));
    }),
  ),
  registering,
];

const shown = ({ id, state, uses, used, expiresAt, labels, hostLabels = [], author, createdAt }: Token) => ({
  id,
  state,
  uses,
  used,
  expiresAt,
  labels,
  hostLabels,
  author,
  createdAt,
});
