import assert from "node:assert/strict";
import test from "node:test";
import { say, startServer } from "../src/faces/client.test-support.ts";
import { runTyped } from "./terminal.test-support.ts";

type Answers = Readonly<Record<string, readonly unknown[]>>;

/** Answers by the end of an address, the first answer to the first request; the last one stays. */
const serve = (answers: Answers) => {
  const given = new Map<string, number>();
  return startServer((response, _, { line }) => {
    const found = Object.keys(answers).find((each) => line.split("?")[0]?.endsWith(each)) ?? "";
    const count = given.get(found) ?? 0;
    given.set(found, count + 1);
    say(response, 200, answers[found]?.[count] ?? answers[found]?.at(-1) ?? {});
  });
};
const wrote = { "/job/output": [{ chunks: [], next: 0, dropped: 0, ended: true }], "/device/find": [{ name: "gw-1" }] };
const told = async (line: string, answers: Answers) => {
  await using server = await serve({ ...wrote, ...answers });
  return await runTyped(`${line} --wait -o table`, { EDGEMERE_SERVER: server.url, EDGEMERE_TOKEN: "edt_1_s" });
};
const one = (state: string, kind: string, more: object = {}) => {
  const isEnd = state === "succeeded";
  const command = { id: "c1", device: "d1", state, reason: "", detail: "", outputBytes: 18, ...more };
  return { job: { id: "j1", kind, state: isEnd ? state : "running" }, commands: [command] };
};

test("a job that waits for its device says what for", async () => {
  const queued = one("queued", "ping");
  const ran = await told("job create gw-1 --kind ping", {
    "/job/create": [queued],
    "/job/find": [queued, queued, one("succeeded", "ping")],
    "/job/explain": [{ text: "the device is not admitted yet" }],
  });

  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stderr, /gw-1: queued\n {2}it waits: the device is not admitted yet\n/);
});

test("a job that begins at once is not asked why it waits", async () => {
  const queued = one("queued", "ping");
  const ran = await told("job create gw-1 --kind ping", {
    "/job/create": [queued],
    "/job/find": [queued, one("succeeded", "ping")],
  });

  assert.equal(ran.code, 0, ran.stderr);
  assert.doesNotMatch(ran.stderr, /waits/);
});

test("who has fetched a file of a device is told how to get it", async () => {
  const ran = await told("job create gw-1 --kind file.get", {
    "/job/create": [one("queued", "file.get")],
    "/job/find": [one("succeeded", "file.get", { result: { bytes: 6 } })],
  });

  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stderr, /it is here: edgemere get c1\n/);
});

const wave = { targets: 2, active: 0, succeeded: 0, failed: 0, skipped: 0 };
const rollout = (state: string, more: object = {}) => ({
  id: "r1",
  state,
  pausedBy: "",
  waves: [{ ...wave, ...more }],
});
const target = (state: string, text: string, detail = "") => ({ name: "gw-1", text, target: { state, detail } });

test("a rollout of which nothing is under way says what devices wait for, and in the end what failed", async () => {
  const ran = await told("job apply ping.p1", {
    "/job/apply": [rollout("planned")],
    "/rollout/find": [rollout("running"), rollout("running"), rollout("failed", { failed: 2 })],
    "/rollout/targets": [
      { items: [target("waiting", "it may begin in a window only, and none is open")] },
      { items: [target("waiting", "it may begin in a window only, and none is open")] },
      { items: [target("failed", "", "exit code 1")] },
    ],
  });

  assert.equal(ran.code, 1, ran.stderr);
  assert.match(ran.stderr, /gw-1 waits: it may begin in a window only, and none is open\n/);
  assert.match(ran.stdout, /gw-1 +failed +- +exit code 1/);
});
