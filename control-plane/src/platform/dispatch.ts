import type { Static, TObject, TSchema } from "@sinclair/typebox";
import { IllegalTransition, type Log } from "@edgemere/protocol/kit";
import type { Action, AnyAction, Handler, Made } from "./action.ts";
import { asAsked, WAITING, type Admit, type Admitted } from "./admission.ts";
import type { Audit } from "./audit.ts";
import { namedObjects, objectsAsTheyAre } from "./audit-objects.ts";
import { itself, may, maySomewhere, type Caller } from "./caller.ts";
import type { PlatformContext } from "./context.ts";
import { asWritten, convert, fieldsGiven } from "./convert.ts";
import { nothing } from "./change.ts";
import type { Feature } from "./feature.ts";
import type { Idempotency } from "./idempotency.ts";
import { Problem } from "./problem.ts";
import type { Scopes } from "./scopes.ts";
import { InvalidCursor } from "./cursor.ts";
import type { Store } from "./store.ts";

/** The narrow waist: every face, rule and test asks through this one function. */
export type Dispatch = (path: string, input: unknown, caller: Caller) => Promise<unknown>;

/** Asks for an action in a caller's name; the answer has the type that its declaration gives. */
export const ask = async <I extends TObject, O extends TSchema>(
  { path }: Action<string, I, O>,
  input: Static<I>,
  caller: Caller,
  { dispatch }: { readonly dispatch: Dispatch },
): Promise<Static<O>> => dispatch(path, input, caller);

/** Asks for an action in the control plane's own name, with the permission for this and no other. */
export const askItself = async <I extends TObject, O extends TSchema>(
  action: Action<string, I, O>,
  input: Static<I>,
  context: { readonly dispatch: Dispatch; readonly newId: () => string },
): Promise<Static<O>> => ask(action, input, itself([action.permission], context), context);

interface Parts<C> {
  readonly features: readonly Feature<C>[];
  readonly context: C;
  readonly audit: Audit;
  /** Where the rows are that an entry of the audit names. Default: it names them as they were given. */
  readonly store?: Store;
  readonly idempotency: Idempotency;
  readonly log: Log;
  /** Who has a say in what the caller may do. Absent: nobody. */
  readonly admit?: Admit;
  /** Whether what somebody proved of themselves at an instant is fresh enough for what is dangerous. Absent: always. */
  readonly isFresh?: (provedAt: number) => boolean;
}

/** In this order: find → authorise → convert and validate → admit → audit → handle. The entry is durable before the effect; a denial is an entry too. */
export function createDispatch<C extends Pick<PlatformContext, "scopes" | "clock">>({
  features,
  context,
  audit,
  store,
  idempotency,
  log,
  admit = async () => asAsked,
  isFresh = () => true,
}: Parts<C>): Dispatch {
  const resources = new Map(features.flatMap((each) => each.resources.map((of) => [of.name as string, of] as const)));
  const handlers = new Map<string, Handler<C>>();
  for (const handler of features.flatMap((each) => each.actions)) {
    const path = handler.action.path as string;
    if (!handler.action.permission) throw new Error(`action ${path} declares no permission`);
    context.scopes.refuseUndeclared(handler.action);
    if (handlers.has(path)) throw new Error(`action ${path} is declared twice`);
    handlers.set(path, handler);
  }

  return async (path, raw, caller) => {
    const handler = handlers.get(path);
    if (handler === undefined)
      throw new Problem("unknown-action", `there is no action "${path}"; ${nearest(path, [...handlers.keys()])}`);
    const { action, again } = handler;
    const deny = async () =>
      audit.record({ ...entryOf(action, raw, caller), decision: "denied", ...namedObjects(action, raw) });
    await authorise(action, caller, deny);
    const converted = convert(action, raw, context.clock.now()) as object;
    await refuseStale(action, converted, caller, { isFresh, deny });
    const input = await within(context.scopes, action, converted, caller, deny);
    const refused = (error: unknown) => refuse(error, path, caller, log);
    const admitted = async () => {
      const answer = await admit({ action, input, caller });
      if (answer.refusal === undefined) return completed(action, raw, input, answer);
      await deny();
      throw answer.refusal;
    };
    const answered = async (asked: object, made: Made) => handler.run(asked as never, context, caller, made);
    // A refusal in the caller's words, before it is decided whether the key is free again.
    const handled = (asked: object, made: Made) => answered(asked, made).catch(refused);
    const run = async () => handled(await admitted(), nothing);
    const recorded = async (made: Made) => {
      const asked = await admitted();
      await audit.record({
        ...entryOf(action, asked, caller),
        decision: "allowed",
        ...(await objectsAsTheyAre(action, asked, { store, resources })),
      });
      return handled(asked, made);
    };
    // A piece is no entry of the audit; that somebody tried who may not is one.
    const piece = async (made: Made) => {
      const asked = await admitted();
      return answered(asked, made).catch(async (error: unknown) => {
        if (error instanceof Problem && error.type === "forbidden") await deny();
        return refused(error);
      });
    };
    if (action.effect === "read") return (action.isAudited ? recorded(nothing) : run()).catch(refused);
    return idempotency
      .once(
        caller,
        { action, again: again && ((id) => again(id, context)) },
        withoutSecrets(action, asWritten(action, raw, input)),
        action.isPiece ? piece : recorded,
      )
      .catch(refused);
  };
}

// Asked before the input is read closely: who may not ask learns nothing about what would be valid.
async function authorise(action: AnyAction, caller: Caller, deny: () => Promise<void>): Promise<void> {
  const { permission, scope } = action;
  const path = action.path as string;
  if (may(caller, permission)) return;
  if (caller.actor === "nobody")
    throw new Problem("not-signed-in", `sign in first: ${path} needs the permission ${permission}`);
  const isSomewhere = maySomewhere(caller, permission);
  if (isSomewhere && scope !== undefined && scope !== "unlimited") return;
  await deny();
  const lacking = `${caller.actor} may not ${path}: it needs the permission ${permission}`;
  throw new Problem("forbidden", isSomewhere ? `${lacking} for all devices, and not for some only` : lacking);
}

/** What is dangerous is done for who is there now, or for a token that was made for it. */
async function refuseStale(
  { danger, path }: AnyAction,
  input: object,
  caller: Caller,
  { isFresh, deny }: { isFresh: (provedAt: number) => boolean; deny: () => Promise<void> },
): Promise<void> {
  const { actor, account, provedAt, permissions, limited = [] } = caller;
  const permission = danger?.(input as never);
  // Rules and the control plane itself have no account. Who lacks the permission is told so further on.
  if (permission === undefined || account === undefined || !maySomewhere(caller, permission)) return;
  if (provedAt !== undefined) {
    if (isFresh(provedAt)) return;
    await deny();
    throw new Problem("step-up-required", `${path as string} is dangerous: give your password again, and repeat it`);
  }
  if (permissions.includes(permission) || limited.some((grant) => grant.permission === permission)) return;
  await deny();
  throw new Problem(
    "forbidden",
    `${actor} may not ${path as string}: it is dangerous, and a token has to hold the permission ${permission} by its name`,
  );
}

async function within(
  scopes: Scopes,
  action: AnyAction,
  input: object,
  caller: Caller,
  deny: () => Promise<void>,
): Promise<object> {
  try {
    return await scopes.within(action, input, caller);
  } catch (error) {
    if (error instanceof Problem) await deny();
    throw error;
  }
}

const entryOf = (action: AnyAction, input: unknown, { actor, via, requestId }: Caller) => ({
  actor,
  via,
  action: action.path as string,
  requestId,
  input: withoutSecrets(action, input),
});

/** The input as it was admitted. */
function completed(action: AnyAction, raw: unknown, input: object, { defaults, isApprovalNeeded }: Admitted): object {
  const given = fieldsGiven(action, raw);
  const added = Object.entries(defaults).filter(([name]) => !given.has(name));
  return { ...input, ...Object.fromEntries(added), ...(isApprovalNeeded && { [WAITING]: true }) };
}

/** What a handler threw, as something the caller may know; a bug is logged here and told without its inside. */
function refuse(error: unknown, path: string, caller: Caller, log: Log): never {
  if (error instanceof Problem) throw error;
  if (error instanceof IllegalTransition) throw new Problem("conflict", error.message, { cause: error });
  if (error instanceof InvalidCursor) throw new Problem("invalid-input", error.message, { cause: error });
  log.error("action failed", { action: path, requestId: caller.requestId, error });
  throw new Problem(
    "internal",
    `the control plane failed at ${path}; its log has more under request ${caller.requestId}`,
    { cause: error },
  );
}

function withoutSecrets({ secrets = [] }: AnyAction, input: unknown): unknown {
  if (typeof input !== "object" || input === null) return null;
  return Object.fromEntries(Object.entries(input).filter(([name]) => !secrets.includes(name)));
}

function nearest(path: string, known: readonly string[]): string {
  const tail = path.split("/").at(-1) ?? "";
  const close = known.filter((each) => tail !== "" && each.includes(tail)).slice(0, 3);
  return close.length > 0
    ? `did you mean ${close.join(" or ")}?`
    : 'see "edgemere --help" or /edgemere/docs for all of them';
}
