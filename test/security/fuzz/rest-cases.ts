import type { Chance } from "./chance.ts";
import { hostileTexts } from "./hostile-values.ts";
import type { Schema } from "./schema.ts";
import { negated, propertiesOf } from "./schema-values.ts";

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Schema;
  readonly content?: { readonly "application/json": { readonly schema: Schema } };
}

export interface Operation {
  readonly "x-permission": string;
  readonly "x-effect": string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: { readonly "application/json": { readonly schema: Schema } } };
  readonly responses: Readonly<
    Record<string, { readonly content?: { readonly "application/json"?: { readonly schema: Schema } } }>
  >;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** Who asks: the owner, somebody who may do one thing only, nobody, somebody with a credential that is none. */
type Who = "owner" | "narrow" | "nobody" | "forged";

/** One request, with placeholders where something is known only when it is sent. */
export interface RestInput {
  readonly method: string;
  readonly path: string;
  readonly who: Who;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What only may be answered: "any" is whatever is declared. */
  readonly expected: "any" | "refusal" | "not signed in" | "forbidden" | "wrong method";
  /** What is asked once more under the same Idempotency-Key, when it was done: itself, the same with this body, or another action. */
  readonly again?: { readonly path?: string; readonly body?: string };
}

/** What only the narrow token may do. */
export const NARROW = "telemetry:read";
/** They cost much and are asked seldom, or they end the credential that asks. */
const COSTLY = /\/ops\/backup\/create$|\/ia\/(signin|setup|user\/create)$/;
/** Takes longer than a request may. */
const LONG = /\/ops\/backup\/drill$/;
const ENDS_SESSION = /\/ia\/(signout|session\/end)$/;
const METHODS = ["PUT", "PATCH", "DELETE", "GET", "POST"];

const contentTypes = [
  "application/json",
  "application/json; charset=utf-8",
  "application/json\t;",
  "application/json;",
  "APPLICATION/JSON",
  " application/json",
  "application/json, text/plain",
  "application/json; charset=utf-16",
  "application/jsonx",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=a",
  "application/vnd.api+json",
  "*/*",
  "",
];

/** What nobody who asks something else may get under its key. */
const ANOTHER = { path: "/edgemere/cpl/dm/token/create", body: '{"labels":{"asked":"under another\'s key"}}' };

const JSON_TYPE = { "content-type": "application/json" };

/** Bodies that stand for no input at all: RFC 8259 lets a reader pass over a byte order mark. */
const emptyBodies = ["", "\ufeff{}"];

/** Bodies that are no input, and some that pretend to be one. */
const brokenBodies = [
  "{",
  "[]",
  "null",
  "1e400",
  '"text"',
  '{"__proto__":{"permissions":["*"]}}',
  '{"constructor":{"prototype":{"a":1}}}',
  '{"a":1,"a":2}',
  '{"limit":1e400}',
  "[".repeat(10_000),
  `{"device":${'{"a":'.repeat(500)}1${"}".repeat(500)}}`,
  "{}\u0000",
  '{"device":"\\ud800"}',
  `{"device":"${"x".repeat(100_000)}"}`,
  "x".repeat(1_048_577),
];

const hostileHeaders: readonly Readonly<Record<string, string>>[] = [
  { "x-forwarded-for": "127.0.0.1", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" },
  { forwarded: "for=127.0.0.1;host=evil.example" },
  { "x-request-id": "../../etc/passwd" },
  { "x-request-id": "a".repeat(2_000) },
  { "idempotency-key": "" },
  { "idempotency-key": "a b" },
  { "idempotency-key": "k".repeat(256) },
  { "content-encoding": "gzip" },
  { "content-encoding": "deflate, gzip, br" },
  { origin: "https://evil.example", cookie: "edgemere_session=x" },
  { cookie: "edgemere_session=%00; __proto__=1; a" },
  { "x-http-method-override": "DELETE" },
  { accept: "text/html" },
  { range: "bytes=0-0" },
  { "if-none-match": "*" },
  { "accept-encoding": "*;q=0" },
  { upgrade: "h2c", connection: "Upgrade, HTTP2-Settings" },
];

interface Place {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

export const placesOf = ({ paths }: OpenApi): readonly Place[] =>
  Object.entries(paths)
    .filter(([path]) => !LONG.test(path))
    .flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );

export function restInput(places: readonly Place[], chance: Chance): RestInput {
  const cheap = places.filter(({ path }) => !COSTLY.test(path));
  const place = chance.pick(chance.oneIn(100) ? places : cheap);
  const { operation } = place;
  const isOpen = operation["x-permission"] === "anyone";
  const roll = chance.below(100);
  if (roll < 8) return request(place, chance, { who: "nobody", ...(!isOpen && { expected: "not signed in" }) });
  if (roll < 11) return request(place, chance, { who: "forged", expected: "not signed in" });
  if (roll < 20 && !isOpen)
    return request(place, chance, {
      who: "narrow",
      ...(operation["x-permission"] !== NARROW && { expected: "forbidden" }),
    });
  if (roll < 24) return wrongMethod(places, place, chance);
  if (roll < 28) {
    const body = chance.pick([...brokenBodies, ...emptyBodies]);
    const expected = emptyBodies.includes(body) ? "any" : "refusal";
    return { method: "POST", path: place.path, who: "owner", headers: JSON_TYPE, body, expected };
  }
  if (roll < 32) {
    const one = request(place, chance, {});
    return { ...one, method: "POST", headers: { "content-type": chance.pick(contentTypes) }, body: one.body ?? "{}" };
  }
  if (roll < 36) {
    const one = request(place, chance, {});
    return { ...one, headers: { ...one.headers, ...chance.pick(hostileHeaders) } };
  }
  if (roll < 39) return { ...request(place, chance, {}), path: strangePath(place.path, chance), method: "GET" };
  return roll < 55 && operation["x-effect"] !== "read" ? repeated(place, chance) : request(place, chance, {});
}

/** A write with a key, and what is asked under that key afterwards. */
function repeated(place: Place, chance: Chance): RestInput {
  const headers = { ...JSON_TYPE, "idempotency-key": Buffer.from(chance.bytes(12)).toString("base64url") };
  const one = { ...request(place, chance, {}), headers };
  // The keys of two strangers never meet.
  if (one.who === "nobody") return one;
  const other = JSON.stringify(propertiesOf(inputSchema(place.operation), chance));
  return { ...one, again: chance.pick([{}, {}, { body: other }, { path: ANOTHER.path, body: ANOTHER.body }]) };
}

/** A request whose input is what its operation takes, or surely is not. */
function request(place: Place, chance: Chance, over: Partial<RestInput>): RestInput {
  const { method, path, operation } = place;
  const schema = inputSchema(operation);
  const wrong = over.expected === undefined && chance.oneIn(3) ? negated(schema, chance) : undefined;
  const input = wrong ?? propertiesOf(schema, chance);
  const who = ENDS_SESSION.test(path) && (over.who ?? "owner") === "owner" ? "nobody" : (over.who ?? "owner");
  const isPosted = method === "POST" || (operation["x-effect"] === "read" && wrong !== undefined);
  return {
    method: isPosted ? "POST" : method,
    path: isPosted ? path : `${path}${queryOf(input)}`,
    headers: isPosted ? JSON_TYPE : {},
    ...(isPosted && { body: JSON.stringify(input) }),
    expected: wrong === undefined ? "any" : "refusal",
    ...over,
    who,
  };
}

function wrongMethod(places: readonly Place[], { path }: Place, chance: Chance): RestInput {
  const declared = places.filter((each) => each.path === path).map(({ method }) => method);
  // What reads may be posted too.
  const allowed = declared.includes("GET") ? [...declared, "POST"] : declared;
  const method = chance.pick(METHODS.filter((each) => !allowed.includes(each)));
  return { method, path, who: "owner", headers: {}, expected: "wrong method" };
}

const strangePath = (path: string, chance: Chance): string =>
  chance.pick([
    `${path}/`,
    `${path}/..`,
    `${path}//find`,
    `${path}%00`,
    `${path}%2f..%2f..%2fetc%2fpasswd`,
    `${path}/../../../../../etc/passwd`,
    path.toUpperCase(),
    `${path};a=b`,
    `${path}?${"a=1&".repeat(2_000)}`,
    `${path}?${encodeURIComponent(chance.pick(hostileTexts.filter((text) => !/[\ud800-\udfff]/.test(text))))}`,
    `${path}?device[]=1&device[a]=2&device=3`,
    `${path}?%zz`,
    `/edgemere/${encodeURIComponent(chance.pick(hostileTexts))}`,
    "/admin/../../../etc/passwd",
    "/admin/%2e%2e/%2e%2e/package.json",
    `/problems/${encodeURIComponent(chance.pick(hostileTexts))}`,
  ]);

const inputSchema = ({ requestBody, parameters = [] }: Operation): Schema =>
  requestBody?.content["application/json"].schema ?? {
    type: "object",
    properties: Object.fromEntries(
      parameters
        .filter((each) => each.in === "query")
        .map(({ name, schema, content }) => [name, schema ?? content?.["application/json"].schema ?? {}]),
    ),
    required: parameters.filter((each) => each.required === true).map(({ name }) => name),
  };

function queryOf(input: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(input).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((each: unknown) => {
      const shown = typeof each === "string" ? each : JSON.stringify(each);
      return `${encodeURIComponent(name)}=${encoded(shown)}`;
    }),
  );
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

/** Placeholders stay as they are, so that they are found when it is sent; half a character has no bytes. */
const encoded = (text: string): string =>
  /^\{\w+\}$/.test(text) ? text : encodeURIComponent(Buffer.from(text).toString());
