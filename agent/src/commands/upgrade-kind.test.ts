import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { privateKeyFromSeed, seal, type Encodable, type v1 } from "@edgemere/protocol";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import type { IncomingFile } from "../host/file-transfers.ts";
import { BadArchive, type ComingRelease, type HostReleases } from "../host/host-releases.ts";
import { ContentRefused, type ContentRoad } from "../link/content-road.ts";
import type { Mark, Slot, Trial, TrialEnd } from "../upgrade/trial.ts";
import { BenchHost } from "./bench-host.test-support.ts";
import { aBench, aCommand, signer, START } from "./bench.test-support.ts";

/** Releases of a host in memory; they outlive the agent. */
class Releases implements HostReleases {
  slot: Slot = "base";
  readonly nodeVersion = "20.20.2";
  readonly installed: string[] = [];
  /** What came of an archive. */
  coming = Buffer.alloc(0);
  readonly marks: Mark[] = [];
  readonly over: TrialEnd[] = [];
  isTrial: Trial | undefined;

  async install({ path }: { readonly path: string }): Promise<Slot> {
    if (path === "/bad") throw new BadArchive("its hash is not the one that was signed");
    this.installed.push(path);
    return "a";
  }
  async receive({ bytes }: ComingRelease): Promise<IncomingFile | "there"> {
    const received = () => this.coming.length;
    return {
      get received() {
        return received();
      },
      write: async (piece) => void (this.coming = Buffer.concat([this.coming, piece])),
      read: async (from, limit) => this.coming.subarray(from, from + limit),
      cut: async (bytes) => void (this.coming = this.coming.subarray(0, bytes)),
      digest: () => createHash("sha256").update(this.coming).digest("hex"),
      place: async () => assert.equal(received(), bytes),
      discard: () => this.sweep(new Set()),
      [Symbol.asyncDispose]: async () => {},
    };
  }
  archiveFor = (command: string) => `/releases/${command}.tar.gz`;
  sweep = async (open: ReadonlySet<string>) => void (open.size === 0 && (this.coming = Buffer.alloc(0)));
  arm = async (trial: Trial) => void (this.isTrial = trial);
  trial = async () => this.isTrial;
  ends = async () => this.over;
  mark = async (mark: Mark) => void this.marks.push(mark);
}

function aMachine() {
  const clock = new ManualClock(START);
  const releases = new Releases();
  const host = new BenchHost(clock);
  let restarts = 0;
  const parts = { disk: new SimulatedDisk(), clock, host, releases, restart: () => void (restarts += 1) };
  return { ...parts, restarts: () => restarts };
}

type Described = Encodable<typeof v1.AgentRelease>;

const described = (more: Described = {}): Described => ({
  version: "1.1.0",
  sha256: new Uint8Array(32),
  bytes: 1_000,
  unpackedBytes: 5_000,
  issuedAtMs: START,
  ...more,
});
const anUpgrade = (more: Described = {}, given: object = {}) => ({
  agentUpgrade: {
    release: seal("release", described(more), signer),
    path: "/srv/release.tar.gz",
    startWithinMs: 10_000,
    confirmWithinMs: 3_600_000,
    ...given,
  },
});

test("an upgrade is unpacked, put on trial, and the agent ends for it; the release that comes proves itself and succeeds", async () => {
  const machine = aMachine();
  {
    await using bench = await aBench(machine);
    await bench.deliver([aCommand(1, anUpgrade())]);
    assert.deepEqual([machine.releases.installed, machine.restarts()], [["/srv/release.tar.gz"], 1]);
    const { command, from, to, before, version, confirmWithin } = machine.releases.isTrial ?? assert.fail();
    assert.deepEqual(
      [command, from, to, before, version, confirmWithin],
      ["c1", "base", "a", "1.0.0", "1.1.0", 3_600_000],
    );
  }
  machine.releases.slot = "a";

  await using bench = await aBench({ ...machine, version: "1.1.0" });
  await bench.deliver([]);

  assert.deepEqual(
    machine.releases.marks.map(({ state }) => state),
    ["working", "confirmed"],
  );
  assert.deepEqual(await bench.ends(), ["c1 SUCCEEDED"]);
  const { before, after, slot } = (await bench.reports()).at(-1)?.agentUpgrade ?? {};
  assert.deepEqual([before, after, slot], ["1.0.0", "1.1.0", "a"]);
});

test("a release that hears nobody is at work and not confirmed, also when its command's time is over", async () => {
  const machine = aMachine();
  {
    await using bench = await aBench(machine);
    await bench.deliver([aCommand(1, anUpgrade())]);
  }
  machine.releases.slot = "a";
  let isReachable = false;

  await using bench = await aBench({ ...machine, version: "1.1.0", isReachable: () => isReachable });
  await bench.deliver([], 120_000);
  assert.deepEqual(
    machine.releases.marks.map(({ state }) => state),
    ["working"],
  );
  assert.deepEqual(await bench.ends(), ["c1 TIMED_OUT ran-too-long"]);
  isReachable = true;
  await bench.deliver([], 2_000);

  assert.deepEqual(
    machine.releases.marks.map(({ state }) => state),
    ["working", "confirmed"],
  );
});

test("a release that was taken back is told by the one that runs again, with the reason", async () => {
  const machine = aMachine();
  {
    await using bench = await aBench(machine);
    await bench.deliver([aCommand(1, anUpgrade())]);
  }
  machine.releases.isTrial = undefined;
  const end = { command: "c1", isKept: false, before: "1.0.0", version: "1.1.0", slot: "base" } as const;
  machine.releases.over.push({ ...end, detail: "it ended 3 times by itself" });

  await using bench = await aBench(machine);
  await bench.deliver([]);

  assert.deepEqual(await bench.ends(), ["c1 FAILED rolled-back"]);
  assert.equal((await bench.reports()).at(-1)?.detail, "1.1.0 was taken back: it ended 3 times by itself");
});

test("a release whose command is cancelled while it proves itself is to be taken back", async () => {
  const machine = aMachine();
  {
    await using bench = await aBench(machine);
    await bench.deliver([aCommand(1, anUpgrade())]);
  }
  machine.releases.slot = "a";

  await using bench = await aBench({ ...machine, version: "1.1.0", isReachable: () => false });
  await bench.deliver([], 5_000);
  await bench.commands.cancel(["c1"]);
  await machine.clock.advance(2_000);

  assert.deepEqual(machine.releases.marks.at(-1), {
    command: "c1",
    state: "failed",
    detail: "its command was cancelled",
  });
  assert.deepEqual(await bench.ends(), ["c1 CANCELLED cancelled"]);
});

test("an agent that died while it unpacked begins anew", async () => {
  const machine = aMachine();
  machine.releases.arm = () => new Promise<never>(() => {});
  {
    await using bench = await aBench(machine);
    await bench.deliver([aCommand(1, anUpgrade())]);
  }
  const armed: string[] = [];
  machine.releases.arm = async ({ version }) => void armed.push(version);

  await using bench = await aBench(machine);
  await bench.deliver([]);

  assert.deepEqual(armed, ["1.1.0"]);
});

const archive = Buffer.from(Array.from({ length: 1_300_000 }, (_, place) => place % 251));
const fetched = (given: object = {}) =>
  anUpgrade({ bytes: archive.length, sha256: createHash("sha256").update(archive).digest() }, { path: "", ...given });
/** A control plane that gives the archive, or does what is said instead of giving a piece. */
const giving = (instead?: (from: number, limit: number) => Uint8Array | undefined): ContentRoad => ({
  fetch: async ({ from, limit }) => instead?.(from, limit) ?? archive.subarray(from, from + limit),
  chunks: async () => new Uint8Array(),
  send: () => assert.fail("nothing is sent"),
  offer: () => assert.fail("nothing is offered"),
  neighbours: async () => ({ permit: "", neighbours: [] }),
  [Symbol.asyncDispose]: async () => {},
});

test("an upgrade that names no path fetches its archive by the hash that was signed, and nothing of it stays", async () => {
  const machine = aMachine();
  await using bench = await aBench({ ...machine, road: giving() });

  await bench.deliver([aCommand(1, fetched())]);

  assert.deepEqual(machine.releases.installed, ["/releases/c1.tar.gz"]);
  assert.equal(machine.releases.isTrial?.version, "1.1.0");
  assert.equal(machine.releases.coming.length, 0);
});

test("an agent that was stopped while its archive came fetches only the rest", async () => {
  const machine = aMachine();
  {
    const hanging = giving((from) => {
      if (from > 0) throw new Error("the connection is gone");
      return undefined;
    });
    await using bench = await aBench({ ...machine, road: hanging });
    await bench.deliver([aCommand(1, fetched())]);
  }
  const first: number[] = [];
  const noted = giving((from) => void first.push(from));

  await using bench = await aBench({ ...machine, road: noted });
  await bench.deliver([]);

  assert.deepEqual([first[0], machine.releases.isTrial?.version], [524_288, "1.1.0"]);
});

for (const [what, road, reason, detail] of [
  [
    "another content than was signed",
    giving((from, limit) => archive.subarray(from > 0 ? 1 : 0).subarray(0, limit)),
    "bad-hash",
    /^what came has the SHA-256/,
  ],
  [
    "no content",
    giving(() => {
      throw new ContentRefused("the content that this command names is not here any more");
    }),
    "no-content",
    /is not here any more/,
  ],
] as const) {
  test(`an upgrade to whose device ${what} comes fails with the reason, and the agent goes on`, async () => {
    const machine = aMachine();
    await using bench = await aBench({ ...machine, road });

    await bench.deliver([aCommand(1, fetched())], 10_000);

    assert.deepEqual([await bench.ends(), machine.restarts()], [[`c1 FAILED ${reason}`], 0]);
    assert.match((await bench.reports()).at(-1)?.detail ?? "", detail);
    assert.deepEqual([machine.releases.isTrial, machine.releases.coming.length], [undefined, 0]);
  });
}

test("the release that runs already is none to wait for", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);

  await bench.deliver([aCommand(1, anUpgrade({ version: "1.0.0" }))]);

  assert.deepEqual([await bench.ends(), machine.restarts()], [["c1 SUCCEEDED"], 0]);
});

const other = { keyId: "k1", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(77)) };
for (const [what, task, end, detail] of [
  ["older", anUpgrade({ version: "0.9.0" }), "bad-release", /^0\.9\.0 is older than 1\.0\.0, and was not signed to/],
  ["an earlier pre-release", anUpgrade({ version: "1.0.0-rc.1" }), "bad-release", /is older than/],
  ["too late", anUpgrade({ expiresAtMs: START - 1 }), "bad-release", /^it was signed to be taken no more by now/],
  [
    "for another Node",
    anUpgrade({ leastNode: "22.0.0" }),
    "bad-release",
    /^it needs Node 22\.0\.0, and here is 20\.20\.2/,
  ],
  [
    "signed by somebody else",
    anUpgrade({}, { release: seal("release", described(), other) }),
    "bad-release",
    /^bad-signature: /,
  ],
  ["not signed", anUpgrade({}, { release: seal("release", described()) }), "bad-release", /^unknown-key: /],
  [
    "a keyring",
    anUpgrade({}, { release: { ...seal("release", described(), signer), payloadType: "x" } }),
    "bad-release",
    /^wrong-body/,
  ],
  ["no version", anUpgrade({ version: "new" }), "bad-release", /^out-of-range: release\.version is no version/],
  ["a bomb", anUpgrade({ bytes: 100, unpackedBytes: 100_000 }), "bad-release", /that unpack to 100000 are no release/],
  ["not what was signed", anUpgrade({}, { path: "/bad" }), "bad-release", /its hash is not the one that was signed/],
] as const) {
  test(`a release that is ${what} is refused with the reason, and the agent goes on`, async () => {
    const machine = aMachine();
    await using bench = await aBench(machine);

    await bench.deliver([aCommand(1, task)]);

    assert.deepEqual([await bench.ends(), machine.restarts()], [[`c1 FAILED ${end}`], 0]);
    assert.match((await bench.reports()).at(-1)?.detail ?? "", detail);
    assert.equal(machine.releases.isTrial, undefined);
  });
}

test("an older release that was signed to take the place of a newer one does", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);

  await bench.deliver([aCommand(1, anUpgrade({ version: "0.9.0", mayGoBack: true }))]);

  assert.equal(machine.restarts(), 1);
});

test("while a release is on trial no other one is taken", async () => {
  const machine = aMachine();
  const times = { startWithin: 1, confirmWithin: 1, starts: 1, deaths: 0, spent: 0 };
  machine.releases.isTrial = { command: "c0", from: "base", to: "a", before: "0.9.0", version: "1.0.0", ...times };
  await using bench = await aBench(machine);

  await bench.deliver([aCommand(1, anUpgrade())]);

  assert.deepEqual(await bench.ends(), ["c1 FAILED busy"]);
});

test("an agent that no launcher started takes no release, and does not say that it could", async () => {
  const machine = aMachine();
  await using bench = await aBench({ ...machine, releases: undefined });

  await bench.deliver([aCommand(1, anUpgrade())]);

  assert.deepEqual(await bench.ends(), ["c1 FAILED unsupported"]);
  assert.equal(bench.commands.capabilities.includes("command:agent.upgrade"), false);
});

for (const [what, given, message] of [
  ["without a release", { release: undefined }, /^release: there is none/],
  ["without a whole path", { path: "r.tar.gz" }, /^path: "r\.tar\.gz" must start with/],
  ["with no time to start", { startWithinMs: 0 }, /^start_within_ms: must be from 5000/],
  ["with less time to prove itself than to start", { confirmWithinMs: 9_000 }, /^confirm_within_ms: must be at least/],
] as const) {
  test(`an upgrade ${what} is rejected in words`, async () => {
    const machine = aMachine();
    await using bench = await aBench(machine);

    await bench.deliver([aCommand(1, anUpgrade({}, given))]);

    assert.deepEqual(await bench.ends(), ["c1 REJECTED bad-arguments"]);
    assert.match((await bench.reports()).at(-1)?.detail ?? "", message);
  });
}
