import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import { AptWorld, withoutApt } from "./apt-world.test-support.ts";

const real = { skip: withoutApt() ?? false };
const execute = promisify(execFile);

test(
  "packages are installed with what they need, upgraded and removed, and the result has every version",
  real,
  async () => {
    await using world = await AptWorld.make();
    await world.publish("edgemere-lib", "1.0");
    await world.publish("edgemere-app", "1.0", { depends: "edgemere-lib" });

    const installed = await world.change("install", ["edgemere-app"]);
    const again = await world.change("install", ["edgemere-app"]);
    await world.publish("edgemere-app", "2.0", { depends: "edgemere-lib" });
    const upgraded = await world.change("upgrade", []);
    const pinned = await world.change("install", ["edgemere-app=1.0"]);
    const removed = await world.change("remove", ["edgemere-app"]);

    assert.deepEqual(
      [installed, again, upgraded, pinned, removed].map(({ failed, changes }) => [failed, ...changes]),
      [
        [undefined, "edgemere-app - → 1.0", "edgemere-lib - → 1.0"],
        [undefined],
        [undefined, "edgemere-app 1.0 → 2.0"],
        [undefined, "edgemere-app 2.0 → 1.0"],
        [undefined, "edgemere-app 1.0 → -"],
      ],
    );
    assert.match(installed.output, /Setting up edgemere-app \(1\.0\)/);
    assert.equal(installed.outputBytes, Buffer.byteLength(installed.output));
  },
);

test("what apt would only guess at is not done", real, async () => {
  await using world = await AptWorld.make();
  await world.publish("edgemere-app2", "1.0");
  const outcomes = [];
  for (const packages of [["edgemere-app"], ["edgemere.app2"], ["edgemere-app2=3.0"]])
    outcomes.push((await world.change("install", packages)).failed);
  outcomes.push((await world.change("upgrade", ["edgemere-app2"])).failed);

  const [missing, pattern, version, notThere] = outcomes;
  assert.match(missing ?? "", /^not-found: apt cannot install: E: Unable to locate package edgemere-app/);
  assert.match(
    pattern ?? "",
    /^not-found: there is no package edgemere\.app2; instead of it apt would install edgemere-app2/,
  );
  assert.match(version ?? "", /^not-found: .*Version '3\.0' for 'edgemere-app2' was not found/);
  assert.match(notThere ?? "", /^not-found: not installed on this device, so nothing to upgrade: edgemere-app2/);
});

test("others are not removed with a package unless that was allowed", real, async () => {
  await using world = await AptWorld.make();
  await world.publish("edgemere-lib", "1.0");
  await world.publish("edgemere-app", "1.0", { depends: "edgemere-lib" });
  await world.change("install", ["edgemere-app"]);

  const refused = await world.change("remove", ["edgemere-lib"]);
  const allowed = await world.change("remove", ["edgemere-lib"], { mayRemove: true });

  assert.equal(refused.failed, "not-allowed: others would be removed with them: edgemere-app; mayRemove allows that");
  assert.deepEqual(refused.changes, []);
  assert.deepEqual(allowed.changes, ["edgemere-app 1.0 → -", "edgemere-lib 1.0 → -"]);
});

test("nothing comes from a source that the host does not trust", real, async () => {
  await using world = await AptWorld.make();
  await world.publish("edgemere-app", "1.0");
  await world.distrust();

  const { failed, changes } = await world.change("install", ["edgemere-app"]);

  assert.match(failed ?? "", /^failed: the lists of packages were not fetched: .*does not have a Release file/s);
  assert.deepEqual(changes, []);
});

test("a package that the owner of the host holds stays as it is", real, async () => {
  await using world = await AptWorld.make();
  await world.publish("edgemere-app", "1.0");
  await world.publish("edgemere-tool", "1.0");
  await world.change("install", ["edgemere-app", "edgemere-tool"]);
  await world.hold("edgemere-app");
  await world.publish("edgemere-app", "2.0");
  await world.publish("edgemere-tool", "2.0");

  const named = await world.change("upgrade", ["edgemere-app"]);
  const removed = await world.change("remove", ["edgemere-app"]);
  const all = await world.change("upgrade", []);

  assert.match(named.failed ?? "", /^not-allowed: held on this device, so left as they are: edgemere-app;/);
  assert.match(removed.failed ?? "", /^not-allowed: held on this device/);
  assert.deepEqual([all.failed, all.changes, all.held], [undefined, ["edgemere-tool 1.0 → 2.0"], ["edgemere-app"]]);
});

test(
  "configuration that was changed on the host is kept, or replaced when that was asked for, and nobody is asked",
  real,
  async () => {
    await using world = await AptWorld.make();
    const file = join(world.root, "etc/edgemere-app.conf");
    await world.publish("edgemere-app", "1.0", { configuration: "port=1\n" });
    await world.change("install", ["edgemere-app"]);
    await writeFile(file, "port=7\n");
    await world.publish("edgemere-app", "2.0", { configuration: "port=2\n" });
    await world.change("upgrade", ["edgemere-app"]);
    const kept = await readFile(file, "utf8");
    await world.publish("edgemere-app", "3.0", { configuration: "port=3\n" });

    const replaced = await world.change("upgrade", ["edgemere-app"], { configuration: "replace" });

    assert.deepEqual(
      [kept, replaced.changes, await readFile(file, "utf8")],
      ["port=7\n", ["edgemere-app 2.0 → 3.0"], "port=3\n"],
    );
  },
);

test(
  "a package whose script fails is told with its words, and is finished by the next command when it can be",
  real,
  async () => {
    await using world = await AptWorld.make();
    await world.publish("edgemere-app", "1.0", {
      postinst: 'test -f "$DPKG_ROOT/ready" || { echo no license >&2; exit 9; }',
    });
    await world.publish("edgemere-tool", "1.0");

    const failed = await world.change("install", ["edgemere-app"]);
    await writeFile(join(world.root, "ready"), "");
    const repaired = await world.change("install", ["edgemere-tool"]);

    assert.match(failed.failed ?? "", /^failed: edgemere-app was not installed: .*edgemere-app/s);
    assert.match(failed.output, /no license/);
    assert.deepEqual(failed.changes, []);
    assert.deepEqual(
      [repaired.failed, repaired.isRepaired, repaired.changes],
      [undefined, true, ["edgemere-app - → 1.0", "edgemere-tool - → 1.0"]],
    );
  },
);

test(
  "a command that is stopped in the middle of dpkg leaves no process, and the same command comes to its end later",
  real,
  async () => {
    await using world = await AptWorld.make();
    const wait = 'echo "here $$"; test -f "$DPKG_ROOT/ready" || sleep 1000';
    await world.publish("edgemere-app", "1.0", { postinst: wait });
    const stop = new AbortController();
    let pid = 0;

    const stopped = await world
      .change("install", ["edgemere-app"], {
        signal: stop.signal,
        onOutput: (_channel, bytes) => {
          pid ||= Number(/here (\d+)/.exec(Buffer.from(bytes).toString())?.[1] ?? 0);
          if (pid > 0) stop.abort();
        },
      })
      .catch((error: unknown) => error);
    await writeFile(join(world.root, "ready"), "");
    const again = await world.change("install", ["edgemere-app"]);

    assert.ok(pid > 0, String(stopped));
    // One that has ended may wait a moment until init takes note of it.
    const { stdout } = await execute("ps", ["-o", "stat=", "-p", String(pid)]).catch(() => ({ stdout: "" }));
    assert.match(stdout.trim(), /^(Z.*)?$/, "the script still runs");
    assert.deepEqual([again.failed, again.isRepaired, again.changes], [undefined, true, ["edgemere-app - → 1.0"]]);
  },
);

test("another program that works on packages is waited for, and named when it takes too long", real, async () => {
  await using world = await AptWorld.make();
  await world.publish("edgemere-slow", "1.0", {
    postinst: 'echo waiting; while ! test -f "$DPKG_ROOT/ready"; do sleep 0.1; done',
  });
  await world.publish("edgemere-app", "1.0");
  let isThere = () => {};
  const there = new Promise<void>((resolve) => (isThere = resolve));
  const slow = world.change("install", ["edgemere-slow"], {
    onOutput: (_channel, bytes) => void (Buffer.from(bytes).includes("waiting\n") && isThere()),
  });
  await there;
  const busy = await world.change("install", ["edgemere-app"], { refresh: false });
  let isTold = () => {};
  const told = new Promise<void>((resolve) => (isTold = resolve));
  const patient = world.change("install", ["edgemere-app"], {
    refresh: false,
    lockWait: 60_000,
    onOutput: (_channel, bytes) => void (Buffer.from(bytes).includes("lock") && isTold()),
  });
  await told;
  await writeFile(join(world.root, "ready"), "");

  assert.match(busy.failed ?? "", /^busy: another program of this device held the packages for 0 s: .*lock/);
  assert.deepEqual((await patient).failed, undefined);
  assert.deepEqual((await slow).failed, undefined);
});
