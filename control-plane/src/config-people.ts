import { resolve } from "node:path";
import {
  ConfigError,
  duration,
  oneOf,
  option,
  pair,
  repeatable,
  type Options,
  type Reader,
  type Values,
} from "@edgemere/protocol/config";
import { DAY, MINUTE } from "@edgemere/protocol/kit";

/** What people who sign in are held to. Durations are milliseconds. */
export interface PeopleConfig {
  /** When a second person has to approve what is dangerous. auto: where there is somebody else who could. */
  readonly approval: (typeof approvalRules)[number];
  /** For how long after somebody proved who they are their session may do what is dangerous. */
  readonly stepUpAfter: number;
  /** Where people sign in with an account of their organisation. */
  readonly singleSignOn: SingleSignOnConfig | undefined;
}

/** An OpenID Connect provider, and who of its people gets in. */
export interface SingleSignOnConfig {
  readonly issuer: string;
  readonly clientId: string;
  /** The first line of it; a public client has none. */
  readonly clientSecretFile: string | undefined;
  /** The claim that lists somebody's groups. */
  readonly groupsClaim: string;
  /** Who is in none of these groups is not let in. */
  readonly roles: readonly (readonly [group: string, role: string])[];
}

/** As `features/identity` knows them; an owner is made on purpose too. */
const roles = ["viewer", "operator", "provisioner", "approver", "security", "owner"];
const approvalRules = ["auto", "always", "never"] as const;

const issuer: Reader<string> = (value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isLocal = url?.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  if (url?.protocol === "https:" || isLocal) return value;
  throw new ConfigError(
    `"${value}" is no issuer; write it like https://login.example.org, without TLS only on this machine`,
  );
};

const roleOfGroup: Reader<readonly [string, string]> = (value) => {
  const [group, role] = pair(value);
  if (!roles.includes(role)) throw new ConfigError(`"${role}" is no role; there are ${roles.join(", ")}`);
  return [group, role];
};

export const peopleOptions = {
  approval: option(
    "RULE",
    "When a second person must approve what is dangerous: auto (where somebody else could), always or never",
    "auto",
    oneOf(approvalRules),
  ),
  "step-up-after": option(
    "TIME",
    "How long after a password was typed its session may do what is dangerous",
    "15m",
    duration(MINUTE, DAY),
  ),
  "oidc-issuer": {
    takes: "URL",
    about: "People sign in at this OpenID Connect provider; the redirect address there is ORIGIN/admin/sso",
    read: issuer,
  },
  "oidc-client-id": option("ID", "What the provider knows this control plane by", "edgemere", (value) => value),
  "oidc-client-secret": { takes: "FILE", about: "The client's secret is the first line of this file", read: resolve },
  "oidc-groups-claim": option("CLAIM", "Where the provider lists somebody's groups", "groups", (value) => value),
  "oidc-role": repeatable(
    "GROUP=ROLE",
    "Who is in this group of the provider gets in, with this role; who is in none does not",
    roleOfGroup,
  ),
} satisfies Options;

export function peopleConfigOf(values: Values<typeof peopleOptions>): PeopleConfig {
  const issuer = values["oidc-issuer"];
  if (issuer !== undefined && values["oidc-role"].length === 0)
    throw new ConfigError("--oidc-issuer lets nobody in without --oidc-role GROUP=ROLE");
  return {
    approval: values.approval,
    stepUpAfter: values["step-up-after"],
    singleSignOn:
      issuer === undefined
        ? undefined
        : {
            issuer,
            clientId: values["oidc-client-id"],
            clientSecretFile: values["oidc-client-secret"],
            groupsClaim: values["oidc-groups-claim"],
            roles: values["oidc-role"],
          },
  };
}
