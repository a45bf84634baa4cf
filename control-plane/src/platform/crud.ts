import { Type } from "@sinclair/typebox";
import { action, handle, PageOf, pageInput, Ref } from "./action.ts";
import type { Caller } from "./caller.ts";
import type { PlatformContext } from "./context.ts";
import { pageWithin } from "./pages.ts";
import { resolve } from "./reference.ts";
import { rowSchema, statesOf, type AnyResource, type Row } from "./resource.ts";
import { statesInput } from "./states.ts";

/** The two ways to look at a class that every resource has: one row by id or name, and pages of rows. */
export const lookups = <const P extends string, R extends AnyResource>(resource: R, path: P, permission: string) => {
  const name = resource.name as string;
  const isOwned = resource.belongsTo !== undefined;
  const states = (statesOf(resource).length > 0 ? statesInput(resource) : {}) as ReturnType<typeof statesInput>;
  return {
    find: action({
      path: `${path}/find`,
      summary: `Find one ${name}`,
      effect: "read",
      permission,
      ...(isOwned && { scope: "referenced" as const }),
      input: Type.Object({ id: Ref(name, "Its id or its unique name") }),
      output: rowSchema(resource),
    }),
    list: action({
      path: `${path}/list`,
      summary: `List ${name}s, newest first`,
      effect: "read",
      permission,
      ...(isOwned && { scope: "filtered" as const }),
      input: Type.Object({ ...states, ...pageInput }),
      output: PageOf(rowSchema(resource)),
    }),
  };
};

type Lookups<R extends AnyResource> = ReturnType<typeof lookups<string, R>>;

export const lookupHandlers = <R extends AnyResource>(resource: R, { find, list }: Lookups<R>) => [
  findHandler(resource, find),
  // Ids are made in order of time, so reversed ids are newest first.
  handle(
    list,
    async (
      { state: states, limit = 50, cursor }: { state?: string[]; limit?: number; cursor?: string },
      { store, scopes }: PlatformContext,
      caller: Caller,
    ) => {
      const reach = scopes.reachOf(caller, list.permission);
      const page = await pageWithin(store, resource, reach, { limit, cursor, states, reverse: true });
      return { ...page, items: page.items as Row<R>[] };
    },
  ),
];

export const findHandler = <R extends AnyResource>(resource: R, find: Lookups<R>["find"]) =>
  handle(find, async ({ id }: { id: string }, { store }: PlatformContext) => resolve(store, resource, id));
