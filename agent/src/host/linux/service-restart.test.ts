import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { systemClock } from "@edgemere/protocol/kit";
import { HostError, type Program } from "../host.ts";
import { reboot } from "./reboot.ts";
import { programRunner } from "./run.ts";
import { restartService } from "./service-restart.ts";
import { serviceStatus } from "./service-status.ts";
import { processStart } from "./service-texts.ts";

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
  restart) stop; start; while [ ! -s PIDFILE ]; do :; done ;;
  status) if [ -f PIDFILE ] && kill -0 "$(cat PIDFILE)" 2>/dev/null; then echo "web is running"; else exit 3; fi ;;
esac`;

test("a service that was restarted runs as another instance, and its process outlives the restart", async () => {
  await using services = await aMachine();
  const stopped = await serviceStatus("web", services.machine);
  const first = await restartService("web", services.machine);
  const same = await serviceStatus("web", services.machine);

  const second = await restartService("web", services.machine);

  assert.deepEqual([stopped.state, stopped.instance], ["stopped", undefined]);
  assert.deepEqual([first.state, second.state], ["running", "running"]);
  assert.ok(first.instance !== undefined && second.instance !== undefined);
  assert.equal(same.instance, first.instance);
  assert.notEqual(second.instance, first.instance);
  assert.notEqual(second.mainPid, first.mainPid);
});

for (const [what, script, name, reason, message] of [
  ["that does not exist", WEB, "nope", "not-found", /there is no service nope/],
  ["with a name that is an option", WEB, "--now", "not-found", /cannot be the name of a service/],
  ["that its script refuses", "#!/bin/sh\necho broken >&2; exit 1", "web", "failed", /web was not restarted: broken/],
  ["that this user may not", "#!/bin/sh\necho Permission denied; exit 4", "web", "not-allowed", /Permission denied/],
] as const) {
  test(`restarting a service ${what} is refused in words`, async () => {
    await using services = await aMachine(script);
    await assert.rejects(restartService(name, services.machine), (error: HostError) => {
      assert.deepEqual([error.reason, message.test(error.message)], [reason, true], error.message);
      return true;
    });
  });
}

/** A machine that only writes down what it is asked to run. */
function aRecordingMachine(answer: (name: string) => { readonly exitCode: number; readonly says?: string }) {
  const asked: string[] = [];
  const run = async ({ argv, onOutput }: Program) => {
    asked.push(argv.join(" "));
    const { exitCode, says = "" } = answer(argv[0]);
    onOutput?.("stderr", Buffer.from(says));
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
