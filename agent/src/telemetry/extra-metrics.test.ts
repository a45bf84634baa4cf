import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { HostError, type HostNetwork, type Program } from "../host/host.ts";
import { linuxHost } from "../host/linux-host.ts";
import type { Answer } from "./extra-sources.ts";
import { MetricsReader } from "./metrics-source.ts";
import { scrape } from "./scrape.ts";
import { script } from "./script.ts";

const shown = ({ readings }: Answer) =>
  Object.fromEntries(readings.map(({ metric, instance, value }) => [`${metric} ${instance}`.trim(), value]));
const reasons = ({ refusals = [] }: Answer) => refusals.map(({ reason }) => reason);
const never = new AbortController().signal;

test("metrics are called by their source, counters become rates, and labels name the instance", async () => {
  const clock = new ManualClock();
  const reader = new MetricsReader({ source: "node", allow: ["*"], clock });
  const text = (total: number) =>
    `# TYPE reads_total counter\nreads_total{device="sda",kind="fast"} ${total}\n# TYPE t histogram\nt_sum ${total}\nt_bucket{le="1"} 1\nup 1\njob:load:sum 4\n`;
  const first = shown(reader.read(text(100)));
  await clock.advance(10 * SECOND);

  assert.deepEqual(first, { "node.up": 1, "node.job_load_sum": 4 });
  assert.deepEqual(shown(reader.read(text(150))), {
    "node.reads_per_second device=sda,kind=fast": 5,
    "node.t_sum_per_second": 5,
    "node.up": 1,
    "node.job_load_sum": 4,
  });
});

test("a counter that was reset is a gap and no negative rate", async () => {
  const clock = new ManualClock();
  const reader = new MetricsReader({ source: "node", allow: ["*"], clock });
  reader.read("# TYPE a counter\na 100\n");
  await clock.advance(SECOND);

  assert.deepEqual(shown(reader.read("# TYPE a counter\na 3\n")), {});
});

test("only what a pattern fits is taken, and what is too much, too long or no metric is refused by reason", () => {
  const reader = new MetricsReader({ source: "node", allow: ["node_*", "up"], clock: new ManualClock() });
  const many = Array.from({ length: 300 }, (_, i) => `node_x{i="${i}"} 1`);
  const long = `node_y{a="${"z".repeat(300)}"} 1`;

  const answer = reader.read([...many, long, "up 1", "go_threads 3", "nonsense"].join("\n"));

  assert.deepEqual(reasons(answer), ["malformed", "long-name", "too-many-series"]);
  assert.equal(answer.readings.length, 200);
  assert.ok(answer.readings.every(({ metric }) => metric === "node.node_x"));
});

test("what hides in a label is shown as hidden", () => {
  const reader = new MetricsReader({ source: "node", allow: ["*"], clock: new ManualClock() });

  assert.deepEqual(shown(reader.read('a{b="\u202e\\n\u001b"} 1')), { "node.a b=\uFFFD\uFFFD\uFFFD": 1 });
});

/** A script of /bin/sh on this machine, asked once. */
const scripted = (text: string, within = MINUTE) => {
  const host = linuxHost();
  const source = script({ name: "ups", every: MINUTE, argv: ["/bin/sh", "-c", text], within }, host, new ManualClock());
  return source.read(never);
};

test("a script's output is read, and what it says on standard error is not", async () => {
  assert.deepEqual(shown(await scripted("echo charge 97; echo load 3 >&2; echo 'runtime_seconds 1200'")), {
    "ups.charge": 97,
    "ups.runtime_seconds": 1_200,
  });
});

test("a script that fails, prints too much or is not there is refused under its reason, with nothing of what it said", async () => {
  const failing = await scripted("echo charge 97; exit 3");
  const pouring = await scripted("yes 'charge 97' | head -c 100000");
  const killed = await scripted("echo charge 97; kill -9 $$");

  assert.deepEqual([failing, pouring, killed].map(reasons), [["exit-code"], ["too-long"], ["exit-code"]]);
  assert.deepEqual(
    [failing, pouring, killed].flatMap(({ readings }) => readings),
    [],
  );
  const missing = script(
    { name: "ups", every: MINUTE, argv: ["/no/such/program"], within: MINUTE },
    linuxHost(),
    new ManualClock(),
  );
  await assert.rejects(missing.read(never), HostError);
});

test("a script that runs too long is killed, and it gets no shell of ours", async () => {
  const clock = new ManualClock();
  const programs: Program[] = [];
  const run = async (program: Program) => {
    programs.push(program);
    void program.onOutput?.("stdout", Buffer.from("charge 97\n"));
    await clock.sleep(3_600 * SECOND, program.signal);
    return { endedBySignal: "SIGTERM", outputBytes: 10, droppedBytes: 0 };
  };
  const argv = ["/usr/bin/ups", "$(reboot)"] as const;
  const answer = script({ name: "ups", every: MINUTE, argv: [...argv], within: 10 * SECOND }, { run }, clock).read(
    never,
  );

  await clock.advance(11 * SECOND);

  assert.deepEqual(await answer, {
    readings: [],
    refusals: [{ reason: "too-slow", detail: "it ran longer than 10000 ms" }],
  });
  assert.deepEqual(
    programs.map((program) => program.argv),
    [argv],
  );
});

test("an endpoint is read with limits of size and time, and a silent one is given up", async () => {
  const clock = new ManualClock();
  const asked: unknown[] = [];
  const network: HostNetwork = {
    probe: () => Promise.reject(new HostError("failed", "not here")),
    fetchText: async (url, { maxBytes, signal }) => {
      asked.push([url, maxBytes]);
      if (asked.length === 1) return "up 1\n";
      await clock.sleep(3_600 * SECOND, signal);
      throw new HostError("failed", `${url} cannot be read: it took too long`);
    },
  };
  const url = "http://127.0.0.1:9100/metrics";
  const source = scrape({ name: "node", every: MINUTE, url, allow: ["up"] }, network, clock);

  const first = await source.read(never);
  const second = assert.rejects(source.read(never), /it took too long/);
  await clock.advance(11 * SECOND);

  await second;
  assert.deepEqual(shown(first), { "node.up": 1 });
  assert.deepEqual(asked[0], [url, 1024 ** 2]);
});
