import type { Random } from "@edgemere/protocol/kit";
import type { PlatformContext } from "../../platform/context.ts";
import type { Passwords } from "./passwords.ts";

/** A person as an identity provider proved. */
export interface Person {
  readonly subject: string;
  readonly name: string;
  readonly groups: readonly string[];
  /** When the person proved who they are there; absent where it does not tell. */
  readonly provedAt?: number;
}

/** What has to be remembered between the two halves of a sign-in elsewhere. */
export interface SignInElsewhere {
  readonly codeVerifier: string;
  readonly state: string;
  readonly nonce: string;
}

/** An identity provider. */
export interface SingleSignOn {
  readonly issuer: string;
  /** Who is in none of these groups is not let in. */
  readonly roles: readonly (readonly [group: string, role: string])[];
  begin(redirect: string, isFresh: boolean): Promise<SignInElsewhere & { readonly location: string }>;
  /** `answer` is the query of the address that the provider led back to. Throws Problem when it proves nothing. */
  finish(answer: string, begun: SignInElsewhere & { readonly redirect: string }): Promise<Person>;
}

export interface IdentityContext extends PlatformContext {
  readonly random: Random;
  readonly passwords: Passwords;
  /** Absent where people sign in with passwords only. */
  readonly singleSignOn?: SingleSignOn | undefined;
  /** Origins of pages that may sign in beside those of this machine. */
  readonly origins?: readonly string[];
  /** Of the control plane, as it shows itself. */
  readonly version: string;
}
