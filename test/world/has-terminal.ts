import { linuxHost } from "@edgemere/agent";

/** Why tests of terminals are left out; false where this machine can open one. */
export const noTerminal: string | false = !(await linuxHost().hasTerminal()) && "node-pty does not load here";
