import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withTable } from "../../faults/readme.ts";
import { sourcesBut } from "../../faults/tools/sources.ts";
import { machine } from "../machine.ts";
import type { Table } from "../table.ts";
import { day } from "./day.ts";
import { figuresFile, figuresMaker, figuresPage, figuresText, withPart, type Figures } from "./figures.ts";
import { fleet } from "./fleet.ts";
import { missingPrograms } from "./foreign.ts";
import { growth } from "./growth.ts";
import { ingest } from "./ingest.ts";
import { full, short, type Size } from "./size.ts";

interface Asked {
  /** A look, of which nothing is kept. */
  readonly isShort: boolean;
  /** Connected devices, when not as many as usual. */
  readonly devices?: number | undefined;
  /** One part alone. */
  readonly part?: string | undefined;
}

const parts: Readonly<Record<string, (size: Size) => Promise<readonly Table[]>>> = { ingest, day, fleet, growth };
const order = Object.keys(parts);

/** Telemetry beside brokers and databases of others, which do the same with the same samples on the same machine. */
export async function telemetry({ isShort, devices, part }: Asked): Promise<readonly Table[]> {
  if (part !== undefined && !order.includes(part))
    throw new Error(`telemetry has no part "${part}"; there are: ${order.join(", ")}`);
  const begun = performance.now();
  const minutesSince = (instant: number) => Math.round((performance.now() - instant) / 6_000) / 10;
  const tell = (line: string) => console.log(`▶ ${minutesSince(begun).toFixed(1)} min: ${line}`);
  tell(
    isShort
      ? "telemetry, for a look: about five minutes, a minute or two for a part; nothing is kept"
      : "telemetry: about an hour on two processors that have nothing else to do, a quarter of it for each part",
  );
  const about = await machine();
  const skipped = missingPrograms();
  for (const line of skipped) tell(line);
  const size = { ...(isShort ? short : full), tell, ...(devices !== undefined && { devices }) };
  const commit = await sourcesBut(figuresFile, figuresPage).catch(() => "unknown");
  const all: Table[] = [];
  for (const [name, run] of Object.entries(parts)) {
    if (part !== undefined && name !== part) continue;
    const [at, from] = [new Date().toISOString().slice(0, "2026-01-01".length), performance.now()];
    const tables = await run(size);
    const minutes = minutesSince(from);
    tell(`${name} is done and took ${minutes} minutes`);
    all.push(...tables);
    // At once: a run of an hour that is ended early has not been for nothing.
    if (!isShort)
      await change((former) =>
        withPart(former, { part: name, at, minutes, machine: about, commit, skipped, tables }, order),
      );
  }
  return all;
}

const root = join(import.meta.dirname, "../../../..");

/** The figures, in a file and in the page that shows them. */
async function change(of: (former: Figures) => Figures): Promise<void> {
  const [file, page] = [join(root, figuresFile), join(root, figuresPage)];
  const figures = of(JSON.parse(await readFile(file, "utf8")) as Figures);
  await writeFile(file, `${JSON.stringify(figures, undefined, 1)}\n`);
  await writeFile(page, withTable(await readFile(page, "utf8"), figuresText(figures), figuresMaker));
}
