import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, v1, type Encodable, type PolicyPack, type PolicyReport } from "@edgemere/protocol";
import { HOUR, MINUTE, SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { DevicePolicies, type OwnTask } from "./device-policies.ts";

const BEGIN = 1_767_225_600_000;
const above = (limit: number) => [
  { call: { name: "value", texts: ["cpu.busy_percent"] } },
  { number: limit },
  { operator: ">" },
];

type Given = Encodable<typeof v1.PolicyPackArguments>;
const aPack = (version: number, over: v1.DevicePolicy.$Properties = {}): PolicyPack =>
  packOf({ version, policies: [{ name: "hot", revision: 1, condition: above(90), freshForMs: HOUR, ...over }] });
const packOf = (given: Given) => decode(v1.PolicyPackArguments, v1.PolicyPackArguments.encode(given).finish());

interface Device extends AsyncDisposable {
  readonly policies: DevicePolicies;
  readonly asked: OwnTask[];
  /** Says that the processor is so busy, and lets what follows happen. */
  busy(value: number, ms?: number): Promise<void>;
}

/** What outlives the agent: its disk, its clock and what it put into its outbox. */
class Machine {
  readonly clock = new ManualClock(BEGIN);
  readonly disk = new SimulatedDisk();
  readonly said: { readonly atMs: number; readonly report: PolicyReport }[] = [];
  /** How the next commands that it asks of itself are answered. */
  answer: (task: OwnTask) => Promise<string | undefined> = async () => undefined;

  async start(): Promise<Device> {
    const env = { clock: this.clock, disk: this.disk, random: seededRandom(1), log: silentLog };
    const asked: OwnTask[] = [];
    const append = async (_stream: string, body: { policyReport?: object }, made?: { atMs: number }) => {
      const bytes = v1.PolicyReport.encode(body.policyReport ?? {}).finish();
      this.said.push({ atMs: made?.atMs ?? this.clock.now(), report: decode(v1.PolicyReport, bytes) });
    };
    const own = { id: "d1", agent_version: "1.0.0" };
    const correctedNow = () => this.clock.now();
    const policies = await DevicePolicies.open({ env, outbox: { append }, own, correctedNow, clockPeriod: () => 1 });
    policies.start(async (task) => {
      asked.push(task);
      return this.answer(task);
    });
    return {
      policies,
      asked,
      busy: async (value, ms = 2 * SECOND) => {
        policies.observe([{ metric: "cpu.busy_percent", instance: "", value }]);
        await this.clock.advance(ms);
      },
      [Symbol.asyncDispose]: async () => {
        const stopping = policies[Symbol.asyncDispose]();
        await this.clock.advance(2 * SECOND);
        await stopping;
      },
    };
  }

  /** What was said of policies. */
  get states(): readonly string[] {
    return this.said.flatMap(({ report }) => (report.policy === "" ? [] : [`${report.policy} ${report.state}`]));
  }
}

test("a policy goes its way on the device alone, and each step is told once with the time of the device", async () => {
  const machine = new Machine();
  await using device = await machine.start();
  assert.equal(await device.policies.take(aPack(1, { forMs: MINUTE, keepFiringForMs: 30 * SECOND })), undefined);

  await device.busy(10);
  const begun = machine.clock.now();
  await device.busy(95);
  await device.busy(96, 61 * SECOND);
  await device.busy(5);
  await device.busy(4, 31 * SECOND);

  assert.deepEqual(machine.states, ["hot resolved", "hot pending", "hot firing", "hot recovering", "hot resolved"]);
  const [pack, , pending, firing] = machine.said;
  assert.deepEqual([pack?.report.policy, pack?.report.packVersion], ["", 1]);
  const looked = pending?.report.looked.map(({ what, value }) => [what, value]);
  assert.deepEqual([pending?.atMs, looked], [begun, [['value("cpu.busy_percent")', 95]]]);
  assert.ok((firing?.atMs ?? 0) - begun >= MINUTE && (firing?.atMs ?? 0) - begun <= MINUTE + 2 * SECOND);
  const numbers = machine.said.map(({ report }) => report.number);
  assert.deepEqual(
    numbers,
    numbers.map((_, place) => (numbers[0] ?? 0) + place),
  );
});

test("what follows is asked for once for each time that it begins, and what was not taken in is told", async () => {
  const machine = new Machine();
  await using device = await machine.start();
  await device.policies.take(aPack(1, { effects: [{ serviceStatus: { name: "web" } }, { inventoryRefresh: {} }] }));
  machine.answer = async ({ serviceStatus }) =>
    serviceStatus ? "forbid: service.status never runs on this host" : undefined;

  for (const value of [95, 97, 1, 99]) await device.busy(value);

  assert.deepEqual(
    device.asked.map(({ serviceStatus, actor }) => [serviceStatus?.name, actor]),
    [
      ["web", "policy:hot"],
      [undefined, "policy:hot"],
      ["web", "policy:hot"],
      [undefined, "policy:hot"],
    ],
  );
  assert.equal(new Set(device.asked.map(({ command }) => command)).size, 4);
  const [first] = machine.said.flatMap(({ report }) => (report.acted.length > 0 ? [report.acted] : []));
  assert.deepEqual(
    first?.map(({ kind, problem }) => [kind, problem]),
    [
      ["service.status", "forbid: service.status never runs on this host"],
      ["inventory.refresh", ""],
    ],
  );
});

test("a device asks no more of itself in an hour than it may, and says what it held back", async () => {
  const machine = new Machine();
  await using device = await machine.start();
  await device.policies.take(aPack(1, { effects: [{ inventoryRefresh: {} }] }));

  for (let round = 0; round < 25; round++) for (const value of [95, 1]) await device.busy(value);

  assert.equal(device.asked.length, 20);
  const held = machine.said.flatMap(({ report }) => report.acted).filter(({ problem }) => problem !== "");
  assert.equal(held.length, 5);
  assert.match(held[0]?.problem ?? "", /too much of itself in this hour/);
  await machine.clock.advance(HOUR);
  await device.busy(95);
  assert.equal(device.asked.length, 21);
});

test("a pack, and how its alerts stand, outlive the agent: nothing begins anew and nothing is told twice", async () => {
  const machine = new Machine();
  {
    await using device = await machine.start();
    await device.policies.take(aPack(3, { effects: [{ inventoryRefresh: {} }] }));
    await device.busy(95);
    assert.equal(device.asked.length, 1);
  }
  await using device = await machine.start();
  await device.busy(96);

  assert.deepEqual([device.policies.version, device.asked.length], [3, 0]);
  assert.deepEqual(machine.states, ["hot firing"]);
});

test("a device that dies between deciding and telling asks and tells again under the same names", async () => {
  const machine = new Machine();
  const device = await machine.start();
  await device.policies.take(aPack(1, { effects: [{ inventoryRefresh: {} }] }));
  let isDead = false;
  machine.answer = async () => {
    isDead = true;
    return new Promise<string>(() => {});
  };
  await device.busy(95);
  assert.ok(isDead);

  machine.answer = async () => undefined;
  await using next = await machine.start();
  await machine.clock.advance(2 * SECOND);

  assert.deepEqual([device.asked[0]?.command, next.asked.length], [next.asked[0]?.command, 1]);
  assert.deepEqual(machine.states, ["hot firing"]);
});

const refused: readonly (readonly [title: string, pack: PolicyPack, reason: string, detail: RegExp])[] = [
  ["an older pack", aPack(1), "old-pack", /version 1, and version 2 runs here/],
  ["another pack of the same version", aPack(2, { revision: 9 }), "old-pack", /version 2/],
  [
    "a pack of too many policies",
    packOf({
      version: 3,
      policies: Array.from({ length: 51 }, (_, n) => ({ name: `p${n}`, condition: [{ truth: true }] })),
    }),
    "costly-pack",
    /51 policies, over the limit of 50/,
  ],
  [
    "a pack of too many windows",
    aPack(3, {
      condition: Array.from({ length: 101 }, (_, n) => n).flatMap((n) => [
        { call: { name: "mean", texts: ["cpu.busy_percent", `${n + 10}s`] } },
        { number: 1 },
        { operator: ">" },
        ...(n === 0 ? [] : [{ operator: "&&" }]),
      ]),
    }),
    "bad-arguments",
    /403 steps, over the limit/,
  ],
  [
    "a condition that gives no truth",
    aPack(3, { condition: [{ number: 1 }] }),
    "bad-arguments",
    /do not give true or false/,
  ],
  [
    "a condition that works on nothing",
    aPack(3, { condition: [{ operator: "&&" }] }),
    "bad-arguments",
    /step 1: "&&" does not work on nothing/,
  ],
  [
    "a condition over what only the centre knows",
    aPack(3, { condition: [{ field: "presence" }, { text: "x" }, { operator: "==" }] }),
    "bad-arguments",
    /no field "presence" here/,
  ],
  ["an effect of the future", aPack(3, { effects: [{}] }), "bad-arguments", /does not know/],
];
for (const [title, pack, reason, detail] of refused) {
  test(`${title} is refused with its reason, and what runs goes on`, async () => {
    const machine = new Machine();
    await using device = await machine.start();
    await device.policies.take(aPack(2));

    const refusal = await device.policies.take(pack);
    await device.busy(95);

    assert.equal(refusal?.reason, reason);
    assert.match(refusal?.detail ?? "", detail);
    assert.deepEqual([device.policies.version, machine.states], [2, ["hot firing"]]);
  });
}

test("a pack that is damaged on the disk is watched no more, and that is said", async () => {
  const machine = new Machine();
  {
    await using device = await machine.start();
    await device.policies.take(aPack(7));
  }
  const bytes = Buffer.from((await machine.disk.read("policies/pack")) ?? []);
  bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40);
  await machine.disk.write("policies/pack", bytes);
  await using device = await machine.start();
  await device.busy(99);

  assert.deepEqual([device.policies.version, machine.states], [0, []]);
  assert.equal(machine.said.at(-1)?.report.packVersion, 0);
  assert.equal(await device.policies.take(aPack(8)), undefined);
});

test("policies that another pack leaves out are forgotten, and those that it changes are told of anew", async () => {
  const machine = new Machine();
  await using device = await machine.start();
  await device.policies.take(aPack(1));
  await device.busy(95);
  await device.policies.take(aPack(2, { revision: 2, condition: above(98) }));
  await device.busy(96);
  await device.policies.take(packOf({ version: 3, policies: [] }));
  await device.busy(99);

  assert.deepEqual(machine.states, ["hot firing", "hot resolved"]);
});

test("a clock that was far ahead when the agent stopped makes nothing wait", async () => {
  const machine = new Machine();
  machine.clock.step(365 * 24 * HOUR);
  {
    await using device = await machine.start();
    await device.policies.take(aPack(1, { forMs: MINUTE }));
    await device.busy(95);
  }
  machine.clock.step(-365 * 24 * HOUR);
  await using device = await machine.start();
  await device.busy(95, 65 * SECOND);

  assert.deepEqual(machine.states, ["hot pending", "hot firing"]);
});
