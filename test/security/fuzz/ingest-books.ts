import { features } from "@edgemere/control-plane";
import type { Episode } from "./ingest.ts";
import { mismatch, type Schema } from "./schema.ts";

/** Whether each stream's books are whole: every number up to the last one is a stored record, or explained, once. */
export async function booksOf({ core, devices }: Episode): Promise<string | undefined> {
  for (const device of devices)
    for (const { stream, upTo, received, explained } of await core.link.accounts(device)) {
      const sum = received + Object.values(explained).reduce((all, each) => all + each, 0);
      if (sum !== upTo) return `of ${upTo} numbers of ${stream} ${sum} are accounted for`;
    }
  return undefined;
}

const actions = features.flatMap((feature) => feature.actions.map(({ action }) => action));
const LATEST = 8_640_000_000_000_000;

/** Asks for everything there is to see of a device: what was stored half would show, or break what reads it. */
export async function readAll(episode: Episode): Promise<string | undefined> {
  const [device = ""] = episode.devices;
  const inputs: Readonly<Record<string, object>> = {
    "cpl/ta/history": { device, from: 0, to: LATEST },
    "cpl/ta/query": { device, metric: ["load.average_1m"], by: ["instance"] },
    "diml/dml/fmdm/query": { expression: "size >= 0 or size < 0", limit: 500 },
    "ia/event/list": { after: 0, limit: 500 },
  };
  for (const { path, effect, input, output } of actions) {
    const { properties, required = [] } = input as {
      readonly properties: Readonly<Record<string, unknown>>;
      readonly required?: readonly string[];
    };
    const isAboutDevice = "device" in properties;
    if (effect !== "read" || !/^(cpl\/(ta|dm\/device|dm\/session|dm\/job\/list)|diml\/dml)/.test(path as string))
      continue;
    if (/\/(find|explain)$/.test(path as string) && !isAboutDevice) continue;
    // About something else than a device, which is not there.
    if (inputs[path as string] === undefined && required.some((each) => each !== "device")) continue;
    const asked = inputs[path as string] ?? (isAboutDevice ? { device } : {});
    try {
      // As it crosses a face: what JSON cannot say is not there.
      const answer: unknown = JSON.parse(JSON.stringify(await episode.ask(path as string, asked)));
      const wrong = mismatch(output as Schema, answer);
      if (wrong !== undefined) return `${path as string} answers otherwise than declared: ${wrong}`;
    } catch (error) {
      return `${path as string} failed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return episode.failures[0];
}
