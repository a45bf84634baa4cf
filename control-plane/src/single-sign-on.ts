import { readFile } from "node:fs/promises";
import type { Log } from "@edgemere/protocol/kit";
import * as oidc from "openid-client";
import type { SingleSignOnConfig } from "./config-people.ts";
import { Problem } from "./platform/problem.ts";

/** What its beginning gave, when a sign-in comes to its end. */
interface Begun {
  readonly redirect: string;
  readonly codeVerifier: string;
  readonly state: string;
  readonly nonce: string;
}

/**
 * An OpenID Connect provider (OpenID Connect Core 1.0): authorization code flow with PKCE (RFC 7636), state and nonce, all of
 * which the library checks with signature, issuer, audience and times of what comes back. The provider is looked up when
 * somebody first asks for it, so that the control plane starts without it.
 */
export function singleSignOnAt(config: SingleSignOnConfig, log: Log) {
  let known: Promise<oidc.Configuration> | undefined;
  const provider = async () => {
    known ??= discover(config);
    try {
      return await known;
    } catch (error) {
      known = undefined;
      log.error("identity provider not reached", { issuer: config.issuer, error });
      throw new Problem("unavailable", "the identity provider does not answer; sign in with a password, or try again", {
        retryAfter: 10,
      });
    }
  };
  return {
    issuer: config.issuer,
    roles: config.roles,
    begin: async (redirect: string, isFresh: boolean) => {
      const [codeVerifier, state, nonce] = [oidc.randomPKCECodeVerifier(), oidc.randomState(), oidc.randomNonce()];
      const location = oidc.buildAuthorizationUrl(await provider(), {
        redirect_uri: redirect,
        scope: "openid profile email groups",
        code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: "S256",
        state,
        nonce,
        ...(isFresh && { prompt: "login", max_age: "0" }),
      });
      return { location: location.href, codeVerifier, state, nonce };
    },
    finish: async (answer: string, { redirect, codeVerifier, state, nonce }: Begun) => {
      const configuration = await provider();
      try {
        const tokens = await oidc.authorizationCodeGrant(configuration, new URL(`${redirect}?${answer}`), {
          pkceCodeVerifier: codeVerifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        });
        const proved = tokens.claims();
        if (proved === undefined) throw new Error("no ID token came");
        const more = await oidc.fetchUserInfo(configuration, tokens.access_token, proved.sub);
        return personIn({ ...more, ...proved }, config);
      } catch (error) {
        log.warn("single sign-on refused", { issuer: config.issuer, error });
        throw new Problem("not-signed-in", "the identity provider's answer does not prove who you are; sign in again");
      }
    },
  };
}

async function discover({ issuer, clientId, clientSecretFile }: SingleSignOnConfig): Promise<oidc.Configuration> {
  const secret = clientSecretFile && (await readFile(clientSecretFile, "utf8")).split("\n", 1)[0]?.trim();
  return oidc.discovery(
    new URL(issuer),
    clientId,
    undefined,
    secret ? oidc.ClientSecretBasic(secret) : oidc.None(),
    // The configuration takes such an issuer on this machine only.
    // oxlint-disable-next-line typescript/no-deprecated -- not deprecated, but marked so that nobody overlooks it
    issuer.startsWith("http:") ? { execute: [oidc.allowInsecureRequests] } : {},
  );
}

function personIn(claims: Readonly<Record<string, unknown>>, { groupsClaim }: SingleSignOnConfig) {
  const groups = [claims[groupsClaim]].flat().filter((each) => typeof each === "string");
  const name = [claims["preferred_username"], claims["email"], claims["sub"]].find((each) => typeof each === "string");
  const at = claims["auth_time"];
  return {
    subject: String(claims["sub"]),
    name: String(name),
    groups,
    ...(typeof at === "number" && { provedAt: at * 1_000 }),
  };
}
