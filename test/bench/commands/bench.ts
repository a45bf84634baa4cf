import { noTerminal } from "../../world/has-terminal.ts";
import type { Table } from "../table.ts";
import { fanOut } from "./fan-out.ts";
import { roundTrip } from "./round-trip.ts";
import { terminal } from "./terminal.ts";

interface Asked {
  readonly isShort: boolean;
  /** Of the fan-out; 10,000 when absent. */
  readonly devices: number | undefined;
  readonly part: string | undefined;
}

const SHORT = { trip: { devices: 50, rounds: 2, times: 20 }, terminal: { rounds: 1, times: 50, flood: 2_000 } };
const LONG = { trip: { devices: 1_000, rounds: 3, times: 200 }, terminal: { rounds: 3, times: 200, flood: 5_000 } };

/** How fast what is asked of devices is done: one command, one for very many, and a terminal. */
export async function commands({ isShort, devices, part }: Asked): Promise<readonly Table[]> {
  const size = isShort ? SHORT : LONG;
  const parts: Readonly<Record<string, () => Promise<Table>>> = {
    trip: () => roundTrip(size.trip),
    terminal: () => terminal(size.terminal),
    fan: () => fanOut({ devices: devices ?? (isShort ? 100 : 10_000), rounds: 3 }),
  };
  if (part !== undefined && !Object.hasOwn(parts, part))
    throw new Error(`there is no part "${part}" of commands; there are: ${Object.keys(parts).join(", ")}`);
  const tables: Table[] = [];
  for (const [name, run] of Object.entries(parts)) {
    if (part !== undefined && part !== name) continue;
    if (name === "terminal" && noTerminal !== false) console.error(`terminal is left out: ${noTerminal}`);
    else tables.push(await run());
  }
  return tables;
}
