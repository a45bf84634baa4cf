import { ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import type { AnyAction, InputOf, OutputOf } from "../../platform/action.ts";
import { startAlone } from "../../platform/alone.test-support.ts";
import { nobody, type Caller } from "../../platform/caller.ts";
import { compileExpression } from "../../platform/expression.ts";
import type { Realm } from "../../platform/scopes.ts";
import { device } from "../devices/contract.ts";
import * as contract from "./contract.ts";
import type { IdentityContext } from "./context.ts";
import { authenticate } from "./credentials.ts";
import { identity } from "./index.ts";
import { createPasswords } from "./passwords.ts";
import { ensureSetupCode } from "./setup-code.ts";

export const PASSWORD = "correct horse battery";
/** As weak as scrypt allows: tests are about who gets in, not about how long a guess takes. */
export const QUICK = { N: 2, r: 8, p: 1 };

const anyDevice: Realm<typeof device> = {
  resource: device,
  compile: (text) => compileExpression(text, { fields: { id: "string" }, labels: "labels" }),
  viewOf: ({ id }) => ({ id }),
};

/** The feature alone on a store in memory and a clock that stands. */
export async function startIdentity() {
  const clock = new ManualClock();
  const random = seededRandom(1);
  const context = await startAlone<IdentityContext>(
    identity,
    { random, version: "0.0.0", passwords: createPasswords(random, QUICK) },
    { clock, limitedBy: [{ resources: [device], realm: anyDevice }] },
  );
  const { store, newId, dispatch } = context;
  const identify = authenticate(store, clock);
  const ask = async <A extends AnyAction>(action: A, input: InputOf<A>, caller: Partial<Caller> = {}) =>
    dispatch(action.path as string, input, { ...nobody, via: "rest", requestId: newId(), ...caller }) as Promise<
      OutputOf<A>
    >;
  const setUp = async () => {
    const code = (await ensureSetupCode(store, random)) ?? "";
    return as(await ask(contract.setUp, { code, name: "alice", password: PASSWORD }));
  };
  /** The caller that a credential makes. */
  const as = async ({ token = "" }: { readonly token?: string }) => (await identify(token)) ?? nobody;
  const signIn = async (name: string, password = PASSWORD, address?: string) =>
    ask(contract.signIn, { name, password }, { address });
  return { clock, random, store, context, dispatch, identify, ask, as, setUp, signIn };
}
