import type { Scenario } from "./scenario.ts";
import { cables } from "./scenarios/cables.ts";
import { disks } from "./scenarios/disks.ts";
import { powerCuts } from "./scenarios/power-cuts.ts";
import { ends } from "./scenarios/ends.ts";
import { frozen } from "./scenarios/frozen.ts";
import { kills } from "./scenarios/kills.ts";
import { links } from "./scenarios/links.ts";
import { loads } from "./scenarios/loads.ts";
import { storms } from "./scenarios/storms.ts";
import { steps } from "./scenarios/steps.ts";

/** Every scenario, by the file that runs its short rounds. */
export const groups = { processes: [...kills, ...steps, ...loads, ...frozen, ...ends], network: [...cables, ...links, ...storms], disks: [...powerCuts, ...disks] } as const satisfies Record<string, readonly Scenario[]>;

export const scenarios: readonly Scenario[] = Object.values(groups)
  .flat()
  .toSorted((one, other) => one.id.localeCompare(other.id));
