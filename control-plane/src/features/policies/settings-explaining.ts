import type { PoliciesContext } from "./context.ts";
import { standingOf, winnersOn } from "./settings.ts";
import { deviceSettings, type AskedSetting } from "./settings-table.ts";
import type { Winner } from "./settings-wanted.ts";

/** What a policy has to do with the settings of a device: what holds while its alert lasts, whose value holds instead, and what is put back. */
export async function settingsWords(policy: string, id: string, context: PoliciesContext): Promise<readonly string[]> {
  const { store } = context;
  const winners = await winnersOn(id, context);
  const asked = (await store.get(deviceSettings, id))?.asked ?? {};
  const words: string[] = [];
  for (const option of new Set([...winners.keys(), ...Object.keys(asked)].toSorted())) {
    const [winner, was] = [winners.get(option), asked[option]];
    if (winner?.over.includes(policy) === true) words.push(prevailing(option, winner));
    if ((winner ?? was)?.policy !== policy) continue;
    const what =
      winner === undefined
        ? `${option} is put back to ${was?.values?.join(", ") ?? "what the host says"}`
        : `${option} is to be ${winner.values.join(", ")} while it fires`;
    words.push(`${what}: ${was === undefined ? "it is asked for next" : await askedWords(was, context)}`);
  }
  return words;
}

const prevailing = (option: string, { policy, values }: Winner): string =>
  `${option} is ${values.join(", ")}, as "${policy}" says, which comes before it`;

async function askedWords(was: AskedSetting, { store }: PoliciesContext): Promise<string> {
  if (was.problem !== undefined) return `it could not be asked for: ${was.problem}`;
  const standing = await standingOf(was, store);
  if (standing.is === "refused") return `the device did not take it: ${standing.why}`;
  return standing.is === "done" ? `done by job ${was.job}` : `job ${was.job} has not ended yet`;
}
