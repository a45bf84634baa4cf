// A variable, because the package is optional: the agent must compile and start on a host where it could not be built.
const TERMINAL_PACKAGE: string = "node-pty";

/** Whether a terminal can be opened here. */
export async function hasTerminal(): Promise<boolean> {
  try {
    await import(TERMINAL_PACKAGE);
    return true;
  } catch {
    return false;
  }
}
