import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { settingsOf } from "../faults/unit.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";

const execute = promisify(execFile);
const units = ["edgemere-agent.service", "edgemere-control-plane.service"] as const;
const shipped = join(import.meta.dirname, "../../../deploy/systemd");
const SYSTEMD = "systemd-analyze";
const noSystemd = spawnSync(SYSTEMD, ["--version"]).error === undefined ? false : "systemd is not installed";

/** What keeps a program from the rest of its machine (systemd.exec(5)). An empty value takes everything away. */
const walls: Readonly<Record<string, readonly string[]>> = {
  NoNewPrivileges: ["yes"],
  CapabilityBoundingSet: [""],
  AmbientCapabilities: [""],
  ProtectSystem: ["strict"],
  PrivateTmp: ["yes"],
  ProtectClock: ["yes"],
  ProtectControlGroups: ["yes"],
  ProtectHostname: ["yes"],
  ProtectKernelLogs: ["yes"],
  ProtectKernelModules: ["yes"],
  ProtectKernelTunables: ["yes"],
  RestrictAddressFamilies: ["AF_INET AF_INET6 AF_UNIX AF_NETLINK"],
  RestrictNamespaces: ["yes"],
  RestrictRealtime: ["yes"],
  RestrictSUIDSGID: ["yes"],
  LockPersonality: ["yes"],
  RemoveIPC: ["yes"],
  KeyringMode: ["private"],
  DevicePolicy: ["closed"],
  SystemCallArchitectures: ["native"],
  SystemCallFilter: ["@system-service", "~@privileged"],
  SystemCallErrorNumber: ["EPERM"],
  StateDirectoryMode: ["0700"],
  UMask: ["0077"],
};
/** systemd's own judgement in tenths, 0 for nothing exposed: a unit that says nothing has 96. */
const EXPOSURE = { "edgemere-agent.service": 22, "edgemere-control-plane.service": 15 } as const;

test("T21 no program that is shipped as a unit runs as root, or may become it", async () => {
  for (const unit of units) {
    const settings = await settingsOf(unit);
    for (const name of ["User", "Group"]) assert.match(settings.get(name)?.[0] ?? "", /^edgemere/, `${unit}: ${name}`);
    for (const [name, values] of Object.entries(walls))
      assert.deepEqual(settings.get(name), values, `${unit}: ${name}`);
  }
});

test("T21 T35 a unit may write to its own folder and nowhere else, and so not to its program", async () => {
  for (const unit of units) {
    const settings = await settingsOf(unit);
    const opened = ["ReadWritePaths", "BindPaths", "ExecPaths", "RootDirectory", "PermissionsStartOnly"];
    assert.deepEqual(
      opened.filter((name) => settings.has(name)),
      [],
      unit,
    );
    const [program = ""] = settings.get("ExecStart") ?? [];
    assert.match(program, /^(\/usr\/bin\/node )?\/opt\/edgemere\//);
    assert.match(settings.get("StateDirectory")?.[0] ?? "", /^edgemere(-agent)?$/);
  }
});

test("T30 no unit holds a secret, in its command line or its environment", async () => {
  for (const unit of units) {
    const settings = await settingsOf(unit);
    assert.deepEqual(settings.get("Environment"), ["NODE_ENV=production"]);
    assert.doesNotMatch(settings.get("ExecStart")?.join(" ") ?? "", /token|pass|secret|key/i);
  }
});

for (const unit of units)
  test(`T21 systemd takes ${unit} as it is, and finds little that it exposes`, { skip: noSystemd }, async () => {
    await using folder = await temporaryFolder("unit");
    const own = join(folder.path, unit);
    await cp(join(shipped, unit), own);

    // What systemd does not know it only complains of: an older one does not know growing pauses.
    const { stderr } = await execute(SYSTEMD, ["verify", own]).catch((error: unknown) => error as { stderr: string });
    const complaints = stderr
      .split("\n")
      .filter((line) => line.includes(unit) && !/RestartSteps|RestartMaxDelaySec|not executable/.test(line));
    assert.deepEqual(complaints, []);

    const judged = (threshold: number) =>
      execute(SYSTEMD, ["security", "--offline=true", `--threshold=${threshold}`, own]);
    await judged(EXPOSURE[unit]);
    // The judgement can fail: without some of the walls it does.
    const bare = (await readFile(own, "utf8")).replaceAll(
      /^(ProtectSystem|CapabilityBoundingSet|NoNewPrivileges)=.*\n/gm,
      "",
    );
    await writeFile(own, bare);
    await assert.rejects(judged(EXPOSURE[unit]));
  });
