import { maySomewhere } from "../../platform/caller.ts";
import type { PlatformContext } from "../../platform/context.ts";
import type { Row, AnyResource } from "../../platform/resource.ts";
import { user } from "./contract.ts";
import { grantsOf } from "./credentials.ts";

type Where = Pick<PlatformContext, "store" | "scopes">;

/** Who can be a second person: whether there is somebody, and nothing of who. */
export const approvers = {
  /** Whether an active account other than this one may approve jobs for a device. */
  hasOther: async (
    target: Row<AnyResource>,
    account: string | undefined,
    { store, scopes }: Where,
  ): Promise<boolean> => {
    for await (const each of store.scan(user)) {
      if (each.state !== "active" || each.id === account) continue;
      const grants = grantsOf(each);
      if (maySomewhere(grants, APPROVE) && scopes.reachOf(grants, APPROVE).coversRow(target)) return true;
    }
    return false;
  },
  isActive: async (account: string, { store }: Where): Promise<boolean> =>
    (await store.get(user, account))?.state === "active",
};

/** What an account may do and whether it still may; undefined where there is none. */
export async function accountOf(id: string, { store }: Pick<Where, "store">) {
  const row = await store.get(user, id);
  return row && { isActive: row.state === "active", roles: row.roles, permissions: grantsOf(row).permissions };
}

const APPROVE = "job:approve";
