import type { Scenario } from "./scenario.ts";
import { admissions } from "./scenarios/admissions.ts";
import { badPolicies } from "./scenarios/bad-policies.ts";
import { badUpdates } from "./scenarios/bad-updates.ts";
import { blockedLoops } from "./scenarios/blocked-loops.ts";
import { cables } from "./scenarios/cables.ts";
import { clocks } from "./scenarios/clocks.ts";
import { crashLoops } from "./scenarios/crash-loop.ts";
import { cutOffs } from "./scenarios/cut-off.ts";
import { damages } from "./scenarios/damage.ts";
import { dataMoves } from "./scenarios/data.ts";
import { disks } from "./scenarios/disks.ts";
import { ends } from "./scenarios/ends.ts";
import { enrolments } from "./scenarios/enrolments.ts";
import { falseDoors } from "./scenarios/false-doors.ts";
import { floods } from "./scenarios/floods.ts";
import { foreignBrokers } from "./scenarios/foreign-brokers.ts";
import { frozen } from "./scenarios/frozen.ts";
import { identities } from "./scenarios/identities.ts";
import { issuers } from "./scenarios/issuers.ts";
import { keyrings } from "./scenarios/keyrings.ts";
import { kills } from "./scenarios/kills.ts";
import { links } from "./scenarios/links.ts";
import { loads } from "./scenarios/loads.ts";
import { loudPrograms } from "./scenarios/loud.ts";
import { mixedVersions } from "./scenarios/mixed-versions.ts";
import { names } from "./scenarios/names.ts";
import { operations } from "./scenarios/operations.ts";
import { powerCuts } from "./scenarios/power-cuts.ts";
import { restored } from "./scenarios/restored.ts";
import { sessions } from "./scenarios/sessions.ts";
import { soaks } from "./scenarios/soaks.ts";
import { steps } from "./scenarios/steps.ts";
import { storms } from "./scenarios/storms.ts";
import { terminals } from "./scenarios/terminals.ts";
import { twoControlPlanes } from "./scenarios/two-control-planes.ts";
import { unheardUpgrades } from "./scenarios/unheard-upgrades.ts";
import { upgrades } from "./scenarios/upgrades.ts";
import { wrongAddresses } from "./scenarios/wrong-addresses.ts";

/** Every scenario, by the test file that runs its short rounds. */
export const groups = {
  processes: [
    ...kills,
    ...steps,
    ...loads,
    ...frozen,
    ...ends,
    ...crashLoops,
    ...restored,
    ...upgrades,
    ...unheardUpgrades,
    ...blockedLoops,
    ...loudPrograms,
    ...badUpdates,
    ...badPolicies,
    ...terminals,
    ...soaks,
    ...dataMoves,
  ],
  network: [...cables, ...links, ...names, ...storms, ...floods, ...cutOffs, ...wrongAddresses],
  disks: [...powerCuts, ...disks, ...damages],
  sessions: [
    ...sessions,
    ...twoControlPlanes,
    ...foreignBrokers,
    ...clocks,
    ...enrolments,
    ...identities,
    ...issuers,
    ...falseDoors,
    ...admissions,
    ...keyrings,
    ...operations,
    ...mixedVersions,
  ],
} as const satisfies Record<string, readonly Scenario[]>;

export const scenarios: readonly Scenario[] = Object.values(groups)
  .flat()
  .toSorted((one, other) => (one.id < other.id ? -1 : 1));
