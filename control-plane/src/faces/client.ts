import type * as contracts from "../contracts.ts";
import type { AnyAction, InputOf, OutputOf } from "../platform/action.ts";
import { answerOf, ProblemError, unreachable } from "./client-problem.ts";

type ValueOf<T> = T[keyof T];
// Contracts hold actions, small groups of actions such as the look-ups of a class, and other things; schemas among them have every key.
type ActionsIn<T> = T extends AnyAction
  ? T
  : string extends keyof T
    ? never
    : T extends Readonly<Record<string, AnyAction>>
      ? ValueOf<T>
      : never;
type Features = typeof contracts;
type Declared = Extract<ActionsIn<ValueOf<{ [F in keyof Features]: ValueOf<Features[F]> }>>, AnyAction>;

/** Every action by its address. */
export type Actions = { readonly [P in Declared["path"]]: Extract<Declared, { readonly path: P }> };
export type Path = keyof Actions;
export type Input<P extends Path> = InputOf<Actions[P]>;
export type Output<P extends Path> = OutputOf<Actions[P]>;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** The same key with the same input is done once; made by `newKey` when absent. */
  readonly idempotencyKey?: string | undefined;
}

type MayBeEmpty<I> = Partial<I> extends I ? true : false;
type Call<P extends Path> = (
  ...given: MayBeEmpty<Input<P>> extends true
    ? [input?: Input<P>, options?: CallOptions]
    : [input: Input<P>, options?: CallOptions]
) => Promise<Output<P>>;

type NextWord<Before extends string> = Path extends infer P
  ? P extends `${Before}${infer Rest}`
    ? Rest extends `${infer Word}/${string}`
      ? Word
      : Rest
    : never
  : never;
type Members<Before extends string> = {
  readonly [Word in NextWord<Before>]: `${Before}${Word}` extends infer P extends Path
    ? Call<P>
    : Members<`${Before}${Word}/`>;
};

/** Asks a control plane, typed from the same declarations that it serves. */
export interface Client {
  /** `client.call("cpl/dm/device/find", { device: "gw-1" })` */
  readonly call: <P extends Path>(path: P, ...given: Parameters<Call<P>>) => Promise<Output<P>>;
  /** An action known by its address only, such as one read from the catalogue. */
  readonly ask: (path: string, input?: unknown, options?: CallOptions) => Promise<unknown>;
  /** `client.edgemere.diml.dml.do.reserve({ request })` */
  readonly edgemere: Members<"">;
}

export interface ClientOptions {
  /** `https://control.example:3000`; empty for the origin of the page. */
  readonly baseUrl: string;
  /** An API token; absent where a cookie speaks for the caller. */
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch?: typeof fetch;
  /** Makes idempotency keys. With them a request whose answer was lost is sent once more; without, never. */
  readonly newKey?: () => string;
  /** Asked when what was wanted needs a fresh proof of who asks: whether it was given, and the request is to be repeated. */
  readonly stepUp?: (ask: Client["ask"]) => Promise<boolean>;
}

/** A refusal of the control plane becomes a ProblemError, no answer an Unreachable. */
export function createClient(options: ClientOptions): Client {
  const base = options.baseUrl.replace(/\/+$/, "");
  const ask: Client["ask"] = async (path, input = {}, { signal, idempotencyKey }: CallOptions = {}) => {
    const key = idempotencyKey ?? options.newKey?.();
    const request: RequestInit = {
      method: "POST",
      headers: {
        ...options.headers,
        "content-type": "application/json",
        accept: "application/json, application/problem+json",
        ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
        ...(key !== undefined && { "idempotency-key": key }),
      },
      body: JSON.stringify(input),
      redirect: "error",
      ...(signal && { signal }),
    };
    const send = async () => answerOf(await (options.fetch ?? fetch)(`${base}/edgemere/${path}`, request));
    const sendOrProve = async () =>
      send().catch(async (error: unknown) => {
        if (!needsProof(error) || !(await options.stepUp?.(ask))) throw error;
        return send();
      });
    return sendOrProve()
      .catch((error: unknown) => (isLost(error) && key !== undefined ? send() : Promise.reject(error as Error)))
      .catch((error: unknown) => {
        throw isLost(error) ? unreachable(options.baseUrl, error) : error;
      });
  };
  return {
    call: ask as Client["call"],
    ask,
    edgemere: members([], ask) as Members<"">,
  };
}

// What fetch throws when no answer, or only a part of it, came. An abort is another error.
const isLost = (error: unknown): error is TypeError => error instanceof TypeError;

const needsProof = (error: unknown): boolean => error instanceof ProblemError && error.kind === "step-up-required";

function members(words: readonly string[], ask: Client["ask"]): unknown {
  return new Proxy(() => undefined, {
    // "then" would make a promise of what is none, for everyone who awaits a member.
    get: (_, word) => (typeof word === "symbol" || word === "then" ? undefined : members([...words, word], ask)),
    apply: (_, __, [input, options]: [unknown, CallOptions | undefined]) => ask(words.join("/"), input, options),
  });
}

export { ProblemError, Unreachable } from "./client-problem.ts";
