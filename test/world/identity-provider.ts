import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

interface Client {
  readonly id: string;
  readonly redirect: string;
}

export interface IdentityProvider extends AsyncDisposable {
  readonly issuer: string;
  /** Goes where the control plane sent somebody, signs in there, and gives the query of the address that it leads back to. */
  signIn(location: string, name: string): Promise<string>;
}

/** A real OpenID Connect provider; `groups` are those of each person. Any password is right. */
export async function startIdentityProvider(
  { id, redirect }: Client,
  groups: Readonly<Record<string, readonly string[]>>,
): Promise<IdentityProvider> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: id,
        redirect_uris: [redirect],
        token_endpoint_auth_method: "none",
        application_type: redirect.startsWith("https:") ? "web" : "native",
      },
    ],
    claims: { openid: ["sub"], groups: ["groups"], profile: ["preferred_username"] },
    scopes: ["openid", "groups", "profile", "email"],
    pkce: { required: () => true },
    cookies: { keys: ["for tests"] },
    findAccount: (_: unknown, name: string) => ({
      accountId: name,
      claims: () => ({ sub: name, preferred_username: name, groups: groups[name] ?? [] }),
    }),
  });
  server.on("request", provider.callback());
  return {
    issuer,
    signIn: signInAt,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What a browser does: follows, keeps cookies, and fills in the two forms that come. */
async function signInAt(location: string, name: string): Promise<string> {
  const redirect = new URL(location).searchParams.get("redirect_uri") ?? "";
  const cookies = new Map<string, string>();
  let next: { readonly url: string; readonly form?: URLSearchParams } = { url: location };
  for (let step = 0; step < 20; step++) {
    if (next.url.startsWith(redirect)) return new URL(next.url).search.slice(1);
    const answer: Response = await fetch(next.url, {
      redirect: "manual",
      headers: { cookie: [...cookies].map(([key, value]) => `${key}=${value}`).join("; ") },
      ...(next.form && { method: "POST", body: next.form }),
    });
    for (const each of answer.headers.getSetCookie()) {
      const [, key = "", value = ""] = /^([^=]+)=([^;]*)/.exec(each) ?? [];
      cookies.set(key, value);
    }
    const leadsTo = answer.headers.get("location");
    const page = await answer.text();
    if (leadsTo !== null) next = { url: new URL(leadsTo, next.url).href };
    else next = filledIn(page, next.url, name);
  }
  throw new Error(`the identity provider leads nowhere: ${next.url}`);
}

function filledIn(page: string, url: string, name: string) {
  const [, action] = /<form[^>]* action="([^"]+)"/.exec(page) ?? [];
  const [, prompt] = /name="prompt" value="(\w+)"/.exec(page) ?? [];
  if (action === undefined || prompt === undefined)
    throw new Error(`the identity provider says: ${page.slice(0, 2_000)}`);
  const form = new URLSearchParams({ prompt, ...(prompt === "login" && { login: name, password: "any" }) });
  return { url: new URL(action, url).href, form };
}
