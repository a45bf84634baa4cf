// The control plane and an agent for this machine, from one command. `npm start -- --help`
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "./build.mjs";
import { startChild } from "./child.mjs";
import { launcherHelp, readArguments } from "./start-arguments.mjs";
import { main, root } from "./steps.mjs";

const CONTROL_PLANE = "control-plane/bin/edgemere-control-plane.js";
const AGENT = "agent/bin/edgemere-agent.js";
const NOT_ENROLLED = 3;
/** npm passes on a Ctrl-C that the terminal has already delivered, so two signals at once are one wish. */
const ONE_WISH_MS = 1_000;

await main(async () => {
  const wishes = readArguments(process.argv.slice(2));
  await build({ everything: false });
  if (wishes.isHelp) return showHelp();

  const children = [];
  const stopping = new AbortController();
  const interrupted = interruption(children, stopping);
  try {
    await Promise.race([interrupted, runEverything(wishes, children, stopping.signal)]);
  } finally {
    for (const child of children.toReversed()) await child.stop();
  }
  console.log("Edgemere has stopped.");
});

function showHelp() {
  spawnSync(process.execPath, [join(root, CONTROL_PLANE), "--help"], { stdio: "inherit" });
  console.log(launcherHelp);
}

/** Resolves at the first wish to stop; the second kills. */
function interruption(children, stopping) {
  return new Promise((resolve) => {
    let askedAt;
    const ask = () => {
      askedAt ??= performance.now();
      if (performance.now() - askedAt > ONE_WISH_MS) {
        for (const child of children) child.kill();
        process.exit(1);
      }
      stopping.abort();
      resolve();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, ask);
  });
}

/** Starts both and tells how to go on; rejects when one ends by itself. `children` are in the order of their start. */
async function runEverything(wishes, children, signal) {
  const controlPlane = startChild({
    name: "control plane",
    script: CONTROL_PLANE,
    args: wishes.passed,
    show: wishes.isVerbose,
  });
  children.push(controlPlane);
  const ready = await controlPlane.message("ready");
  controlPlane.logTo(join(ready.dataFolder, "control-plane.log"));

  if (wishes.withAgent) {
    const agent = await startAgent(wishes, ready, controlPlane, signal);
    children.push(agent);
    agent.logTo(join(ready.dataFolder, "agent.log"));
  }
  console.log(welcome({ ...ready, token: await enrolmentToken(controlPlane) }, wishes));
  await Promise.race(children.map(({ died }) => died));
}

/** The agent of this machine, with real files to speak of and quick enough for eyes that wait; it is enrolled when it is not yet. */
async function startAgent({ agentName, allow, isVerbose }, { dataFolder }, controlPlane, signal) {
  const data = ["--data", join(dataFolder, "agent")];
  const duties = ["--sample", "1s", "--report", "2s", "--source", `deploy=${join(root, "deploy")}`];
  const allowed = allow.flatMap((kind) => ["--allow", kind]);
  const name = agentName === undefined ? [] : ["--name", agentName];
  const isEnrolled = spawnSync(process.execPath, [join(root, AGENT), "status", ...data]).status !== NOT_ENROLLED;
  // By standard input: arguments can be read by everyone on the machine.
  const input = isEnrolled ? "" : `${await enrolmentToken(controlPlane)}\n`;
  signal.throwIfAborted();
  return startChild({
    name: "agent",
    script: AGENT,
    args: isEnrolled
      ? ["run", ...data, ...duties, ...allowed]
      : ["enrol", "-", "--run", ...data, ...name, ...duties, ...allowed],
    input,
    show: isVerbose,
  });
}

/** For one device, within an hour. */
async function enrolmentToken(controlPlane) {
  const answer = controlPlane.message("enrolment token");
  controlPlane.send("enrolment token");
  return (await answer).token;
}

function welcome({ portal, setupCode, deviceApi, dataFolder, token }, { withAgent }) {
  return `
Edgemere runs.

  Portal        ${portal}
${setupCode === undefined ? "" : `  Setup code    ${setupCode}   the portal asks for it once, to make the first account\n`}${withAgent ? "  This machine  is its first device: the portal shows its charts within seconds\n" : ""}  One more      on another host, within an hour, with this project there:
                npx edgemere-agent enrol ${token} --run
                further tokens: in the portal (Devices, Enrol a device) or npx edgemere dm token create;
                devices reach the control plane at ${deviceApi}
  Data          ${dataFolder}
  Logs          ${join(dataFolder, "control-plane.log")}${withAgent ? " and agent.log beside it" : ""}

Ctrl-C stops everything.
`;
}
