import { Agent, request } from "node:http";
import { parseToken } from "@edgemere/protocol";
import { startWorld, type World } from "../../world/world.ts";
import type { Chance } from "./chance.ts";
import { NARROW, type OpenApi, type RestInput } from "./rest-cases.ts";
import type { RestAnswer } from "./rest-judge.ts";

/** A request for a certificate as an agent makes it, DER. */
const REQUEST = Buffer.from(
  "MIHIMHECAQAwDzENMAsGA1UEAwwEZnV6ejBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCzLST3GNJKStl/eKq2f3PASgXdEZlY1fnGZ46tNZgg0G6S5O6d8kAas3NgWM9cDX+9j6uQx2Qnv1dG+DSxwOGagADAKBggqhkjOPQQDAgNHADBEAiAyg1H0SJiuQBAI6Xea41EkOw/LJg+MnZDc5O8GXAH4ggIgYfggJ7NrFH9/eDV1aSxBnen3RPcnKtqMWKyFCklSIs0=",
  "base64",
);
const PATIENCE = 30_000;
/** Addresses, and credentials: so many that none comes near what one of them may ask in a while. */
const ASKING = 40;
const pem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64")}\n-----END CERTIFICATE REQUEST-----`;

/** A real control plane with something of everything in it, and a way to ask it as different people from different addresses. */
export interface RestTarget extends AsyncDisposable {
  readonly world: World;
  readonly document: OpenApi;
  readonly owner: string;
  /** What no answer may hold. */
  readonly secrets: readonly string[];
  send(input: RestInput, number: number, chance: Chance): Promise<RestAnswer>;
}

export async function startRestTarget(): Promise<RestTarget> {
  // They are there to be asked about, and not to keep anybody busy.
  const quiet = { sampleEvery: 5_000, reportEvery: 10_000, dataEvery: 30_000 };
  const world = await startWorld({ devices: 2, config: quiet });
  const { client, baseUrl } = world;
  const [first, second] = (await client.call("cpl/dm/device/list")).items;
  const password = "the password of somebody else";
  const { job } = await client.call("cpl/dm/job/create", { device: first!.id, kind: "ping" });
  const user = await client.call("ia/user/create", { name: "vera", password, roles: ["viewer"] });
  const tokens = (name: string, permissions?: string[]) =>
    Promise.all(
      Array.from({ length: ASKING }, async (_, i) => {
        const input = { name: `${name} ${i}`, ...(permissions && { permissions }) };
        return (await client.call("ia/token/create", input)).token;
      }),
    );
  const owners = await tokens("fuzz");
  const narrows = await tokens("narrow", [NARROW]);
  const [owner = ""] = owners;
  const victim = await client.call("ia/token/create", { name: "victim" });
  const enrolment = await client.call("cpl/dm/token/create", { uses: 10_000 });
  const spare = await client.call("cpl/dm/token/create", {});
  const found = await client.call("diml/find", { query: "kind:log", name: "wanted" });
  const { next: cursor = "" } = await client.call("ia/audit/list", { limit: 1 });
  const document = (await (await fetch(`${baseUrl}/edgemere/openapi.json`)).json()) as OpenApi;

  const enrolled = parseToken(enrolment.token);
  const known: Readonly<Record<string, string>> = {
    device: first!.name,
    victim: second!.name,
    job: job.id,
    user: user.id,
    apitoken: victim.id,
    enrolmenttoken: spare.id,
    datarequest: found.id,
    enrolment: `${enrolled.id}.${enrolled.secret}`,
    cursor,
  };
  const agents = Array.from({ length: ASKING }, (_, i) => ({
    agent: new Agent({ keepAlive: true, maxSockets: 4 }),
    localAddress: `127.0.1.${i + 1}`,
  }));
  const filled = (text: string, isEncoded: boolean, chance: Chance) =>
    text.replaceAll(/\{(\w+)\}/g, (all, name: string) => {
      const value = name === "request" ? pem(turned(REQUEST, chance)) : known[name];
      if (value === undefined) return all;
      const changed = name === "cursor" && !chance.oneIn(3) ? forged(value, chance) : value;
      return isEncoded ? encodeURIComponent(changed) : JSON.stringify(changed).slice(1, -1);
    });
  const tokenOf = (who: RestInput["who"], at: number) =>
    ({ owner: owners[at], narrow: narrows[at], nobody: undefined, forged: `${owner.slice(0, -3)}AAA` })[who];

  return {
    world,
    document,
    owner,
    secrets: [password, ...[...owners, ...narrows].map(secretOf)],
    send: (input, number, chance) => {
      const { agent, localAddress } = agents[number % ASKING]!;
      // What destroys a device must not destroy the one that others ask about.
      const isFatal = input.path.includes("/retire") || input.path.includes("/abandon");
      const aimed = (text: string) => (isFatal ? text.replaceAll("{device}", "{victim}") : text);
      const body = input.body === undefined ? undefined : filled(aimed(input.body), false, chance);
      const token = tokenOf(input.who, number % ASKING);
      return ask(`${baseUrl}${filled(aimed(input.path), true, chance)}`, {
        method: input.method,
        agent,
        localAddress,
        headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...input.headers },
        body,
      });
    },
    [Symbol.asyncDispose]: async () => {
      for (const { agent } of agents) agent.destroy();
      await world[Symbol.asyncDispose]();
    },
  };
}

/** Of `edt_<id>_<secret>`. */
const secretOf = (token: string): string => token.split("_").slice(2).join("_");

const turned = (der: Buffer, chance: Chance): Buffer => {
  const copy = Buffer.from(der);
  for (let times = chance.below(4); times > 0; times--) copy[chance.below(copy.length)] = chance.below(256);
  return chance.oneIn(5) ? copy.subarray(0, chance.below(copy.length)) : copy;
};

/** A cursor that was none of ours, or was one before somebody turned a letter. */
function forged(cursor: string, chance: Chance): string {
  const at = chance.below(cursor.length);
  return chance.pick([
    cursor.slice(0, at),
    `${cursor.slice(0, at)}${chance.pick(["A", "z", "0", "-", "_", "=", "\u00e9"])}${cursor.slice(at + 1)}`,
    Buffer.from(chance.bytes(20)).toString("base64url"),
    Buffer.from(JSON.stringify([null, {}, "__proto__"])).toString("base64url"),
    "x".repeat(5_000),
  ]);
}

interface Asked {
  readonly method: string;
  readonly agent: Agent;
  readonly localAddress: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

function ask(url: string, { body, headers, ...options }: Asked): Promise<RestAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const asked = request(url, { ...options, headers: { ...headers, ...length }, timeout: PATIENCE }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", text }),
      );
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${PATIENCE} ms`)));
    asked.on("error", reject);
    asked.end(body);
  });
}
