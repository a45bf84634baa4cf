import { gzipSync } from "node:zlib";
import type { Chance } from "./chance.ts";
import { hostileTexts } from "./hostile-values.ts";
import { mutated } from "./mutate.ts";

/** What is written on one connection, byte by byte as latin1, with `{token}` where the owner's credential stands. */
export interface HttpInput {
  readonly raw: string;
  /** Whose door: the portal's, or the one for devices, which speaks TLS. */
  readonly door: "portal" | "device";
  /** What must come of it: any answer, refusals only, so many answers of 200, or the end because no more came. */
  readonly expected: "any" | "refused" | "cut off" | number;
}

/** Stands in a label of what a request asks for that lies hidden in the body of another one. */
export const HIDDEN = "smuggled";
export const WEB_SOCKETS = "/edgemere/socket.io/";
const ADDRESS = "/edgemere/cpl/dm/token/create";
const DEEPEST = 10_000;

const lines = (...each: readonly string[]): string => `${each.join("\r\n")}\r\n`;
const head = (path: string, ...headers: readonly string[]): string =>
  lines(
    `POST ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Authorization: Bearer {token}",
    "Content-Type: application/json",
    ...headers,
  );
const posted = (body: string, path = "/edgemere/ia/whoami", ...headers: readonly string[]): string =>
  `${head(path, `Content-Length: ${Buffer.byteLength(body, "latin1")}`, ...headers)}\r\n${body}`;
const asked = (path: string): string => lines(`GET ${path} HTTP/1.1`, "Host: a", "");
const hidden = posted(JSON.stringify({ labels: { [HIDDEN]: "yes" } }), ADDRESS);

/** Two readers may not agree on where a request with one of these ends (RFC 9112, 6.3 and 11.2). */
const framings: readonly (readonly string[])[] = [
  ["Content-Length: 4", "Transfer-Encoding: chunked"],
  ["Transfer-Encoding: chunked", "Content-Length: 4"],
  ["Content-Length: 4", "Content-Length: 5"],
  ["Content-Length: 4, 5"],
  ["Content-Length: +4"],
  ["Content-Length: 0x4"],
  ["Content-Length: -1"],
  ["Content-Length: 4 4"],
  ["Content-Length: 1e1"],
  ["Content-Length: 99999999999999999999999"],
  ["Content-Length : 4"],
  ["Content-Length:"],
  ["Content-Length: 4", "Transfer-Encoding: xchunked"],
  ["Transfer-Encoding: chunked, identity"],
  ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
  ["Transfer-Encoding : chunked"],
  ["Transfer-Encoding: \u000bchunked"],
  ["Transfer-Encoding: x", "Content-Length: 4"],
  ["X: a\u0000b", "Content-Length: 4"],
  ["X\u0000: a", "Content-Length: 4"],
  ["(): a", "Content-Length: 4"],
];

const badChunks = [
  "zz\r\n{}\r\n0\r\n\r\n",
  "-1\r\n{}\r\n0\r\n\r\n",
  "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
  "2 \u0000\r\n{}\r\n0\r\n\r\n",
  "1\r\n{}{}\r\n0\r\n\r\n",
  "2\r\n{}0\r\n\r\n",
  "0x2\r\n{}\r\n0\r\n\r\n",
  "\r\n{}\r\n0\r\n\r\n",
  `2;${"a".repeat(100_000)}\r\n{}\r\n0\r\n\r\n`,
];

/** They are no HTTP that this server speaks. */
const noise = [
  "GET / HTTP/9.9\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "\u0016\u0003\u0001\u0002\u0000\u0001\u0000",
  "\u0000\u0000\u0000\u0000",
  "GET / HTTP/1.1 \u00ff\r\n\r\n",
  "G\u0000T / HTTP/1.1\r\nHost: a\r\n\r\n",
  `${"A".repeat(100_000)} / HTTP/1.1\r\n\r\n`,
  "\r\n\r\n\r\n\r\nx\r\n",
  "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
];

const strangeRequests = [
  "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
  "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET http://evil.example/edgemere/ia/status HTTP/1.1\r\nHost: evil.example\r\n\r\n",
  "GET //evil.example HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET / HTTP/1.0\r\n\r\n",
  "GET /\r\n\r\n",
  "GET / HTTP/1.1\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
  "POST /edgemere/ia/status HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
  "POST /edgemere/ia/status HTTP/1.1\r\nHost: a\r\nExpect: anything\r\nContent-Length: 2\r\n\r\n{}",
  "GET / HTTP/1.1\nHost: a\n\n",
  "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  "GET /edgemere/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
];

const bodies: readonly (() => string)[] = [
  () => `${'{"a":'.repeat(DEEPEST)}1${"}".repeat(DEEPEST)}`,
  () => `${"[".repeat(DEEPEST)}${"]".repeat(DEEPEST)}`,
  () => '{"uses":1e400}',
  () => `{"uses":${"9".repeat(400)}}`,
  () => '{"__proto__":{"uses":9}}',
  () => '{"\\u005f_proto__":{"uses":9}}',
  () => '{"constructor":{"prototype":{"uses":9}}}',
  () => '{"uses":1,"uses":"many"}',
  () => JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, 1]))),
  () => '{"labels":{"a":"\u00ed\u00a0\u0080"},"uses":"x"}',
  () => "x".repeat(1_048_577),
];

const forwarded = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via"];

/** Begun and never ended: whoever waits for more is cut off by the server, and nobody else is kept waiting. */
const unfinished = [
  "",
  "GET",
  "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ",
  "GET / HTTP/1.1\r\nHost: a\r\n",
  "POST /edgemere/ia/status HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{",
  "POST /edgemere/ia/status HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
];
export const UNFINISHED = unfinished.length;

const any = (raw: string): Omit<HttpInput, "door"> => ({ raw, expected: "any" });
const refused = (raw: string): Omit<HttpInput, "door"> => ({ raw, expected: "refused" });

const kinds: readonly ((chance: Chance) => Omit<HttpInput, "door">)[] = [
  (chance) => refused(`${head(ADDRESS, ...chance.pick(framings))}\r\n0\r\n\r\n${hidden}`),
  (chance) => refused(`${head(ADDRESS, "Transfer-Encoding: chunked")}\r\n${chance.pick(badChunks)}`),
  (chance) => refused(chance.pick(noise)),
  (chance) => any(chance.pick(strangeRequests)),
  (chance) => refused(posted(chance.pick(bodies)(), ADDRESS)),
  (chance) => {
    const encoding = chance.pick(["gzip", "br", "deflate", "gzip, gzip", "x-gzip", "GZIP", hostile(chance)]);
    const packed = gzipSync(Buffer.alloc(1 + chance.below(100_000))).toString("latin1");
    return refused(posted(packed, ADDRESS, `Content-Encoding: ${encoding}`));
  },
  // What is hidden in a body that is as long as it says stays a body.
  () => refused(posted(hidden, ADDRESS)),
  (chance) => {
    const count = 1 + chance.below(60);
    const last = lines("GET /edgemere/ia/status HTTP/1.1", "Host: a", "Connection: close", "");
    return { raw: asked("/edgemere/ia/status").repeat(count - 1) + last, expected: count };
  },
  (chance) => {
    const count = 1 + chance.below(20);
    const each = () => chance.pick([asked("/healthz"), asked("/nowhere"), posted("{}"), posted("{"), asked("/%zz")]);
    return any(Array.from({ length: count }, each).join(""));
  },
  (chance) => {
    const count = chance.pick([10, 100, 1_000, 10_000, 100_000]);
    const headers = Array.from({ length: count }, (_, i) => `x-${i}: y`);
    return any(`${lines("GET /healthz HTTP/1.1", "Host: a", ...headers)}\r\n`);
  },
  (chance) => any(asked(`/edgemere/${"a".repeat(chance.pick([100, 4_096, 16_384, 65_536]))}`)),
  (chance) =>
    any(posted("{}", "/edgemere/ia/whoami", `Content-Type: ${chance.pick(["text/plain", "a/b", hostile(chance)])}`)),
  (chance) => any(posted("{}", "/edgemere/ia/whoami", ...forwarded.map((name) => `${name}: ${hostile(chance)}`))),
  (chance) => any(posted("{}", "/edgemere/ia/whoami", `${hostile(chance) || "a"}: ${hostile(chance)}`)),
  (chance) => any(changed(posted("{}"), chance)),
  (chance) => any(changed(`${head(ADDRESS, "Transfer-Encoding: chunked")}\r\n2\r\n{}\r\n0\r\n\r\n`, chance)),
  (chance) => any(changed(chance.pick(strangeRequests), chance)),
];

const pieces = [...strangeRequests, ...noise, posted("{}")].map((text) => Buffer.from(text, "latin1"));

/** Of the bytes of UTF-8 each one is a character here; what ends a line would be a header of its own. */
const hostile = (chance: Chance): string =>
  Buffer.from(chance.pick(hostileTexts))
    .toString("latin1")
    .replaceAll(/[\r\n]/g, " ");

const changed = (text: string, chance: Chance): string =>
  mutated(Buffer.from(text, "latin1"), chance, pieces).toString("latin1");

/** The first ones are those that never end, since they take longest. */
export function httpInput(number: number, chance: Chance): HttpInput {
  const door = chance.oneIn(8) ? "device" : "portal";
  const begun = unfinished[number];
  if (begun !== undefined) return { raw: begun, door, expected: "cut off" };
  const input = chance.pick(kinds)(chance);
  // The door for devices knows neither this address nor this credential.
  return { ...input, door, expected: door === "device" && typeof input.expected === "number" ? "any" : input.expected };
}
