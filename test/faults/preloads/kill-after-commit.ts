// Runs before a control plane: kills it as by SIGKILL right after the n-th commit is on the disk ("commit n"), or right
// before the n-th piece that it would send to a device after that many commits ("word n").
import { writeSync } from "node:fs";
import { TLSSocket } from "node:tls";
import { ClassicLevel } from "classic-level";

const [place, count] = (process.env["EDGEMERE_FAULT_AFTER"] ?? "").split(" ");
let commits = 0;

function die(): void {
  writeSync(2, `killed after ${commits} commits\n`);
  process.kill(process.pid, "SIGKILL");
  // The signal ends the process before anything else happens.
  for (;;);
}

type Batch = (this: unknown, ...given: unknown[]) => Promise<void>;
const levels = ClassicLevel.prototype as unknown as { batch: Batch };
const batch = levels.batch;
levels.batch = async function (...given) {
  await batch.apply(this, given);
  commits += 1;
  if (place === "commit" && commits === Number(count)) die();
};

type Write = (this: unknown, ...given: unknown[]) => boolean;
const sockets = TLSSocket.prototype as unknown as { write: Write };
const write = sockets.write;
sockets.write = function (...given) {
  if (place === "word" && commits >= Number(count)) die();
  return write.apply(this, given);
};
