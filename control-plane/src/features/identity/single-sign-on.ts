import { createHash } from "node:crypto";
import { MINUTE } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import { created, put, removed, updated } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";
import { beginSession } from "./beginning.ts";
import type { IdentityContext, Person, SignInElsewhere, SingleSignOn } from "./context.ts";
import { beginSingleSignOn, finishSingleSignOn, user, type Role, type User } from "./contract.ts";
import { isSetUp } from "./setup-code.ts";

/** Sign-ins that have begun: whoever shows the flow began it, so nobody can be signed in with somebody else's answer. */
interface Flow extends SignInElsewhere {
  /** SHA-256 of the flow. */
  readonly id: string;
  readonly redirect: string;
  readonly expiresAt: number;
}
const flows = table<Flow>("signinelsewhere", { expiry: ({ expiresAt }) => [[expiresAt]] });

const FLOW_HOLDS_FOR = 10 * MINUTE;
const FLOWS_AT_MOST = 10_000;

const hashOf = (flow: string) => createHash("sha256").update(flow).digest("base64url");

export const singleSignOnActions = [
  handle(beginSingleSignOn, async ({ redirect, fresh = false }, context: IdentityContext) => {
    const { store, clock, random, origins = [] } = context;
    const provider = await providerOf(context);
    if (!isOurs(redirect, origins))
      throw new Problem("invalid-input", `${redirect} is no page of ours; name its origin with --origin`);
    await forgetOldFlows(store, clock.now());
    if ((await store.count(flows)) >= FLOWS_AT_MOST)
      throw new Problem("unavailable", "too many people sign in at this moment; try again soon", { retryAfter: 60 });
    const { location, ...begun } = await provider.begin(redirect, fresh);
    const flow = Buffer.from(random.bytes(32)).toString("base64url");
    await store.commit(put(flows, { ...begun, id: hashOf(flow), redirect, expiresAt: clock.now() + FLOW_HOLDS_FOR }));
    return { location, flow };
  }),
  handle(finishSingleSignOn, async ({ flow, answer }, context: IdentityContext, { address }) => {
    const { store, clock } = context;
    const provider = await providerOf(context);
    const begun = await store.get(flows, hashOf(flow));
    if (begun === undefined || begun.expiresAt <= clock.now())
      throw new Problem("not-signed-in", "this sign-in was not begun here, or it took too long; sign in again");
    // Once: whether it succeeds or not.
    await store.commit(removed(flows, begun.id));
    const person = await provider.finish(answer, begun);
    const account = await accountOf(person, provider, context);
    const { session, change } = beginSession(account, context, address, person.provedAt ?? clock.now());
    await store.commit(change);
    return session;
  }),
];

async function providerOf({ singleSignOn, store }: IdentityContext): Promise<SingleSignOn> {
  if (singleSignOn === undefined)
    throw new Problem("conflict", "there is no identity provider here; sign in with name and password");
  if (!(await isSetUp(store)))
    throw new Problem("conflict", "the control plane is not set up: the first account needs the setup code");
  return singleSignOn;
}

/** A page of this machine, as programs have one, or of an origin that the operator named. */
function isOurs(redirect: string, origins: readonly string[]): boolean {
  const url = URL.canParse(redirect) ? new URL(redirect) : undefined;
  if (url === undefined || url.search !== "" || url.hash !== "" || url.username !== "") return false;
  if (origins.includes(url.origin)) return true;
  // Browsers and this write an IPv4 address in one form only.
  const isThisMachine = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  return url.protocol === "http:" && isThisMachine;
}

/** The account of a person, made when it is the first time; its roles are those of the groups, each time. */
const accountOf = (person: Person, { issuer, roles: rules }: SingleSignOn, context: IdentityContext): Promise<User> =>
  repeatOnConflict(async () => {
    const { store } = context;
    const roles = [
      ...new Set(rules.filter(([group]) => person.groups.includes(group)).map(([, role]) => role as Role)),
    ];
    if (roles.length === 0)
      throw new Problem(
        "forbidden",
        "your account is in no group that may use this control plane; ask who looks after it",
      );
    const { subject } = person;
    const [known] = (await store.list(user, { index: "external", prefix: [issuer, subject], limit: 1 })).items;
    if (known === undefined) {
      const name = await freeNameLike(person.name, store);
      // An account that somebody made by hand is never taken over, whatever the provider calls people.
      await store.commit(created(user, name, { name, roles, passwordHash: "", external: { issuer, subject } }));
      return { ...((await store.get(user, name)) as User) };
    }
    if (known.state !== "active") throw new Problem("not-signed-in", "your account is locked; ask who looks after it");
    if (known.roles.join() === roles.join()) return known;
    await store.commit(updated(user, known, { roles }));
    return { ...known, roles };
  });

async function freeNameLike(proposed: string, store: Store): Promise<string> {
  const bare =
    proposed
      .toLowerCase()
      .replaceAll(/[^a-z0-9._-]+/g, "-")
      .replace(/^[^a-z0-9]+/, "")
      .slice(0, 56) || "user";
  for (let number = 1; ; number++) {
    const name = number === 1 ? bare : `${bare}-${number}`;
    if ((await store.get(user, name)) === undefined) return name;
  }
}

async function forgetOldFlows(store: Store, now: number): Promise<void> {
  for await (const each of store.scan(flows, { index: "expiry" })) {
    if (each.expiresAt > now) return;
    await store.commit(removed(flows, each.id));
  }
}
