import { join } from "node:path";
import { missing } from "../faults/needs.ts";
import type { Ports } from "../world/control-plane-program.ts";
import { freePorts } from "../world/free-ports.ts";
import { launcher, untilItRuns } from "../world/launcher.ts";
import type { Program } from "../world/program.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";

/** What `npm start` brings up in an empty folder, with nothing set but ports that are free. */
export interface FreshStart extends AsyncDisposable {
  readonly program: Program;
  readonly ports: Ports;
  readonly baseUrl: string;
  readonly dataFolder: string;
  readonly setupCode: string;
  /** Valid for one device. */
  readonly enrolmentToken: string;
  /** Every address that any of its processes sent to, as strace(1) writes the calls; empty without strace. */
  readonly callsFile: string;
}

/** Why calls cannot be written down here; undefined when they can. */
export const noTrace = missing(["strace"]);

export async function startFresh(): Promise<FreshStart> {
  const folder = await temporaryFolder("fresh");
  const ports = await freePorts();
  const dataFolder = join(folder.path, "data");
  const callsFile = join(folder.path, "calls");
  const program = launcher({
    dataFolder,
    ports,
    launch: { under: [...CARELESS, ...(noTrace === undefined ? tracing(callsFile) : [])] },
  });
  const close = async () => {
    await program.stop();
    await folder[Symbol.asyncDispose]();
  };
  try {
    await untilItRuns(program);
    const [, setupCode = ""] = await program.said(/Setup code +(\S+)/);
    const [, enrolmentToken = ""] = await program.said(/enrol (ed1\.\S+)/);
    const baseUrl = `http://127.0.0.1:${ports.portal}`;
    return {
      program,
      ports,
      baseUrl,
      dataFolder,
      setupCode,
      enrolmentToken,
      callsFile,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A system on which files are everybody's to read, unless who makes them says otherwise. */
const CARELESS = ["sh", "-c", 'umask 022 && exec "$@"', "sh"] as const;

/** Every call that names an address of somebody to be spoken to. The traced process stays our child (-D). */
const tracing = (file: string): readonly string[] =>
  `strace -D -f --seccomp-bpf -qq -s 0 -e signal=none -e trace=connect,sendto,sendmsg,sendmmsg -o`
    .split(" ")
    .concat(file);
