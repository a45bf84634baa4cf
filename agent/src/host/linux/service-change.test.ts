import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { SECOND, systemClock, type Clock } from "@edgemere/protocol/kit";
import { HostError, isReached, type Program } from "../host.ts";
import { reboot } from "./reboot.ts";
import { programRunner } from "./run.ts";
import { changeService } from "./service-change.ts";
import { serviceStatus } from "./service-status.ts";
import { processStart, systemdStatus } from "./service-texts.ts";

/** A machine with one init script, `web`, whose service is a process that sleeps. */
async function aMachine(script = WEB) {
  const folder = await mkdtemp(join(tmpdir(), "edgemere-services-"));
  const [initScripts, processIds] = [join(folder, "init.d"), join(folder, "run")];
  for (const each of [initScripts, processIds]) await mkdir(each);
  await writeFile(join(initScripts, "web"), script.replaceAll("PIDFILE", join(processIds, "web.pid")));
  await chmod(join(initScripts, "web"), 0o755);
  const machine = { run: programRunner(systemClock), clock: systemClock, initScripts, processIds };
  return {
    machine,
    [Symbol.asyncDispose]: async () => {
      const { mainPid } = await serviceStatus("web", machine);
      if (mainPid !== undefined) process.kill(mainPid, "SIGKILL");
      await rm(folder, { recursive: true });
    },
  };
}

const WEB = `#!/bin/sh
stop() { [ -f PIDFILE ] && kill "$(cat PIDFILE)" 2>/dev/null; rm -f PIDFILE; }
start() { setsid sh -c 'echo $$ > PIDFILE; exec sleep 1000' >/dev/null 2>&1 </dev/null & }
case "$1" in
  start) start; while [ ! -s PIDFILE ]; do :; done ;;
  stop) stop ;;
  reload) touch PIDFILE.reloaded ;;
  restart) stop; start; while [ ! -s PIDFILE ]; do :; done ;;
  status) if [ -f PIDFILE ] && kill -0 "$(cat PIDFILE)" 2>/dev/null; then echo "web is running"; else exit 3; fi ;;
esac`;

test("a service that was restarted runs as another instance, and its process outlives the restart", async () => {
  await using services = await aMachine();
  const stopped = await serviceStatus("web", services.machine);
  const first = await changeService("web", "restart", services.machine);
  const same = await serviceStatus("web", services.machine);

  const second = await changeService("web", "restart", services.machine);

  assert.deepEqual([stopped.state, stopped.instance], ["stopped", undefined]);
  assert.deepEqual([first.state, second.state], ["running", "running"]);
  assert.ok(first.instance !== undefined && second.instance !== undefined);
  assert.equal(same.instance, first.instance);
  assert.notEqual(second.instance, first.instance);
  assert.notEqual(second.mainPid, first.mainPid);
});

test("a service is stopped, started and reloaded, and what was asked for is seen to be so", async () => {
  await using services = await aMachine();
  const first = await changeService("web", "start", services.machine);

  const reloaded = await changeService("web", "reload", services.machine);
  const stopped = await changeService("web", "stop", services.machine);
  const second = await changeService("web", "start", services.machine);

  assert.deepEqual(
    [first.state, reloaded.state, stopped.state, second.state],
    ["running", "running", "stopped", "running"],
  );
  assert.equal(reloaded.mainPid, first.mainPid);
  assert.ok(existsSync(join(services.machine.processIds, "web.pid.reloaded")));
  assert.notEqual(second.mainPid, first.mainPid);
});

/** Does not pause between looks; who answers has as long as ever. */
const impatient: Clock = {
  ...systemClock,
  sleep: (ms, signal) => (ms < SECOND ? Promise.resolve() : systemClock.sleep(ms, signal)),
};

test("a service that does not stay up after its start is told with its state", async () => {
  await using services = await aMachine("#!/bin/sh\n[ $1 = status ] && { echo web is dead; exit 1; }; exit 0");
  const status = await changeService("web", "start", { ...services.machine, clock: impatient });

  assert.deepEqual([status.state, status.detail], ["failed", "web is dead"]);
});

for (const [what, script, name, reason, message] of [
  ["that does not exist", WEB, "nope", "not-found", /there is no service nope/],
  ["with a name that is an option", WEB, "--now", "not-found", /cannot be the name of a service/],
  ["that its script refuses", "#!/bin/sh\necho broken >&2; exit 1", "web", "failed", /web was not restarted: broken/],
  ["that this user may not", "#!/bin/sh\necho Permission denied; exit 4", "web", "not-allowed", /Permission denied/],
] as const) {
  test(`restarting a service ${what} is refused in words`, async () => {
    await using services = await aMachine(script);
    await assert.rejects(changeService(name, "restart", services.machine), (error: HostError) => {
      assert.deepEqual([error.reason, message.test(error.message)], [reason, true], error.message);
      return true;
    });
  });
}

const show = (active: string, more = "") =>
  `LoadState=loaded\nActiveState=${active}\nSubState=x\nUnitFileState=enabled\nMainPID=0\n${more}`;

test("systemd is asked by its own words, and a unit that failed is told with the last lines of its journal", async () => {
  const { asked, machine } = aRecordingMachine((name, [verb]) => {
    if (name === "journalctl")
      return { exitCode: 0, says: "T web[7]: no such port\n\nT systemd[1]: web.service: Failed\n" };
    return { exitCode: 0, says: verb === "show" ? show("failed") : "" };
  });
  const systemd = { ...machine, isSystemd: true, clock: impatient };

  const status = await changeService("web", "start", systemd);

  assert.equal(asked[0], "systemctl --no-ask-password start -- web.service");
  assert.match(asked.at(-1) ?? "", /^journalctl .*--lines=20 --unit=web\.service$/);
  assert.equal(status.state, "failed");
  assert.deepEqual(status.lastLines, ["T web[7]: no such port", "T systemd[1]: web.service: Failed"]);
});

test("what systemd refuses is told in its words and with the last lines of the journal, if that can be read", async () => {
  const withJournal = aRecordingMachine((name) =>
    name === "journalctl" ? { exitCode: 0, says: "bad line 3" } : { exitCode: 1, says: "Job for web.service failed." },
  );
  const without = aRecordingMachine((name) => {
    if (name === "journalctl") throw new HostError("not-found", "there is no program journalctl");
    return { exitCode: 1, says: "Failed to reload web.service: Job type reload is not applicable" };
  });

  await assert.rejects(changeService("web", "start", { ...withJournal.machine, isSystemd: true }), {
    reason: "failed",
    message: "web was not started: Job for web.service failed.\nbad line 3",
  });
  await assert.rejects(changeService("web", "reload", { ...without.machine, isSystemd: true }), {
    message: /^web was not reloaded: .*not applicable$/,
  });
});

for (const [change, properties, expected] of [
  ["start", show("active"), true],
  ["start", show("inactive"), false],
  ["start", show("inactive", "Type=oneshot\n"), true],
  ["start", show("failed", "Type=oneshot\n"), false],
  ["stop", show("inactive"), true],
  ["stop", show("failed"), true],
  ["stop", show("deactivating"), false],
  ["reload", show("reloading"), true],
  ["reload", show("inactive", "Type=oneshot\n"), false],
] as const) {
  test(`after a ${change} a unit that systemd describes as ${properties.replaceAll("\n", " ")}is ${expected ? "" : "not "}as wanted`, () => {
    const status = systemdStatus("web", properties);

    assert.equal(status && isReached(change, status), expected);
  });
}

/** A machine that only writes down what it is asked to run. */
function aRecordingMachine(
  answer: (name: string, rest: readonly string[]) => { readonly exitCode: number; readonly says?: string },
) {
  const asked: string[] = [];
  const run = async ({ argv, onOutput }: Program) => {
    asked.push(argv.join(" "));
    const { exitCode, says = "" } = answer(argv[0], argv.slice(1));
    void onOutput?.("stderr", Buffer.from(says));
    return { exitCode, outputBytes: says.length, droppedBytes: 0 };
  };
  return { asked, machine: { run, clock: systemClock } };
}

test("a machine is asked to start anew by whoever is there to be asked", async () => {
  const plain = aRecordingMachine(() => ({ exitCode: 0 }));
  const small = aRecordingMachine((name) => {
    if (name === "shutdown") throw new HostError("not-found", "there is no program shutdown");
    return { exitCode: 0 };
  });

  await reboot(plain.machine);
  await reboot(small.machine);

  assert.match(plain.asked.join(), /^(systemctl --no-ask-password reboot|shutdown -r now)$/);
  assert.match(small.asked.join(), /reboot$/);
});

test("a machine that refuses to start anew says why", async () => {
  const { machine } = aRecordingMachine(() => ({ exitCode: 1, says: "shutdown: must be root" }));

  await assert.rejects(reboot(machine), { reason: "not-allowed", message: /must be root/ });
});

test("the start of a process is read whatever its program calls itself", () => {
  const rest = `S ${Array.from({ length: 18 }, (_, index) => index).join(" ")} 4711 0 0`;

  assert.equal(processStart(`12 (a) b) ${rest}`), 4711);
  assert.equal(processStart("12 (cut"), undefined);
  assert.equal(processStart(undefined), undefined);
});
