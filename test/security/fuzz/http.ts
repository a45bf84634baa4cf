import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { startWorld, type World } from "../../world/world.ts";
import type { Area, Run } from "./area.ts";
import { chanceOf } from "./chance.ts";
import { HIDDEN, httpInput, UNFINISHED, WEB_SOCKETS, type HttpInput } from "./http-cases.ts";
import { INSIDE } from "./rest-judge.ts";
import { accepted, count, emptyAccount, finding, refused, type Verdict } from "./tally.ts";
import { watchHealth } from "./watch-health.ts";

const CONNECTIONS = 6_000;
const AT_ONCE = 16;
/** Longer than the server waits for a whole request. */
const PATIENCE = 60_000;
/** After that nothing is expected that did not begin. Whether it does is never judged. */
const QUIET = 1_000;
/** So many that none of them asks too much. */
const ADDRESSES = 200;

/** Bytes on a bare socket that no client of HTTP would write, while somebody beside goes on asking. */
export const http: Area = {
  name: "http",
  run: async ({ seed, times, only }: Run) => {
    await using world = await startWorld();
    const account = emptyAccount();
    const watch = watchHealth(world.baseUrl);
    const to = only === undefined ? Math.round(CONNECTIONS * times) : only + 1;
    let next = only ?? 0;
    const one = async (number: number) => {
      const input = httpInput(number, chanceOf(seed, number));
      const startedAt = performance.now();
      const verdict = await judge(world, input, number);
      count(account, verdict, input, input.expected === "cut off" ? 0 : performance.now() - startedAt);
    };
    const lane = async () => {
      while (next < to) await one(next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE + UNFINISHED }, lane));
    const wrong = await afterwards(world);
    account.notes.push(await watch.end());
    if (wrong !== undefined) account.findings.push({ what: wrong, input: "all of them" });
    return account;
  },
  replay: async (inputs) => {
    await using world = await startWorld();
    const verdicts: Verdict[] = [];
    for (const [number, input] of inputs.entries()) verdicts.push(await judge(world, input as HttpInput, number));
    return verdicts;
  },
};

async function judge(world: World, input: HttpInput, number: number): Promise<Verdict> {
  const said = await talk(world, input, number);
  if (said === undefined) return finding(`was neither answered nor ended within ${PATIENCE} ms`);
  const statuses = [...said.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  const failed = statuses.find((status) => status >= 500 && status !== 503);
  if (failed !== undefined) return finding(`answered ${failed}: ${said.slice(0, 300)}`);
  const shown = INSIDE.exec(said)?.[0];
  if (shown !== undefined) return finding(`shows its inside: ${shown} in ${said.slice(0, 300)}`);
  const { expected } = input;
  if (typeof expected === "number" && statuses.filter((status) => status === 200).length !== expected)
    return finding(`answered ${statuses.join(" ")} where ${expected} answers were to be expected`);
  if (expected === "refused" && statuses.some((status) => status < 400))
    return finding(`answered ${statuses.join(" ")} where a refusal was to be expected`);
  if (expected === "cut off" && statuses.some((status) => status < 400)) return finding("answered what had no end");
  const [first] = statuses;
  if (first === undefined) return refused("connection ended");
  if (first < 400) return accepted;
  // What refuses a WebSocket speaks its own words.
  return input.raw.includes(WEB_SOCKETS) ? refused("no WebSocket") : problemIn(said);
}

/** The first answer has to be a problem document, whoever in the server gave it. */
function problemIn(said: string): Verdict {
  const [headers = "", rest = ""] = said.split(/\r\n\r\n(.*)/s);
  const length = Number(/^content-length: (\d+)$/im.exec(headers)?.[1]);
  if (!/^content-type: application\/problem\+json/im.test(headers))
    return finding(`a refusal that is no problem document: ${said.slice(0, 300)}`);
  const { type, detail } = problemOf(rest.slice(0, length));
  if (!detail) return finding(`a refusal that does not say what was wrong: ${said.slice(0, 300)}`);
  return refused(String(type).replace("/problems/", ""));
}

/** Nothing when the body is none: the connection may have been broken off in its middle. */
function problemOf(body: string): { readonly type?: string; readonly detail?: string } {
  try {
    return JSON.parse(body) as { readonly type?: string; readonly detail?: string };
  } catch {
    return {};
  }
}

/** All that was said until the end; undefined when there was none. */
async function talk(world: World, { raw, door, expected }: HttpInput, number: number): Promise<string | undefined> {
  const mayEnd = expected === "any" || expected === "refused";
  const socket = await opened(world, door, number);
  let said = "";
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.destroy(), PATIENCE);
    // Who says that there is no more gets no answer that is not under way: only now, or when none seems to come.
    const quiet = setTimeout(() => socket.end(), mayEnd ? QUIET : PATIENCE);
    socket.setEncoding("latin1").on("data", (text: string) => {
      said += text;
      if (mayEnd) socket.end();
    });
    let isLate = true;
    socket.on("end", () => (isLate = false));
    // Broken off in the middle of writing is an end like another.
    socket.on("error", () => (isLate = false));
    socket.on("close", () => {
      clearTimeout(timer);
      clearTimeout(quiet);
      resolve(isLate ? undefined : said);
    });
    socket.write(Buffer.from(raw.replaceAll("{token}", world.token), "latin1"));
  });
}

function opened({ controlPlane }: World, door: HttpInput["door"], number: number): Promise<Socket> {
  const { ports } = controlPlane.ready;
  const localAddress = `127.0.2.${1 + (number % ADDRESSES)}`;
  return new Promise((resolve, reject) => {
    const where = { host: "127.0.0.1", port: door === "device" ? ports.deviceApi : ports.portal, localAddress };
    const socket =
      door === "device"
        ? connectTls({ ...where, rejectUnauthorized: false }, () => resolve(socket))
        : connect(where, () => resolve(socket));
    socket.once("error", reject);
  });
}

async function afterwards({ controlPlane, client }: World): Promise<string | undefined> {
  if (!controlPlane.isRunning) return `the control plane ended:\n${controlPlane.output.slice(-2_000)}`;
  const failure = controlPlane.output.split("\n").find((line) => /"level":(50|60)|"level":"error"/.test(line));
  if (failure !== undefined) return `the control plane's log tells of a failure: ${failure}`;
  const { items } = await client.call("cpl/dm/token/list", { limit: 500 });
  const smuggled = items.find(({ labels }) => Object.hasOwn(labels, HIDDEN));
  return smuggled === undefined ? undefined : `what lay hidden in a body was done: ${JSON.stringify(smuggled)}`;
}
