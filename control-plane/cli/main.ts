import { Interrupted } from "./failure.ts";
import { runCommandLine } from "./run.ts";

// A reader that has seen enough ("edgemere … | head") is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const interrupt = new AbortController();
// A second Ctrl-C ends the process the hard way.
process.once("SIGINT", () => interrupt.abort(new Interrupted("interrupted")));

process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  interrupted: interrupt.signal,
});
