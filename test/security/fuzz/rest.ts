import type { Area, Run } from "./area.ts";
import { chanceOf } from "./chance.ts";
import { placesOf, restInput, type RestInput } from "./rest-cases.ts";
import { judgeAnswer, judgeRepeat } from "./rest-judge.ts";
import { startRestTarget, type RestTarget } from "./rest-target.ts";
import { count, emptyAccount, finding, type Verdict } from "./tally.ts";

const REQUESTS = 52_000;
const AT_ONCE = 48;

/** Requests made from the OpenAPI document that the control plane serves, to a real one, over HTTP. */
export const rest: Area = {
  name: "rest",
  run: async ({ seed, times, only }: Run) => {
    await using target = await startRestTarget();
    const account = emptyAccount();
    const places = placesOf(target.document);
    const to = only === undefined ? Math.round(REQUESTS * times) : only + 1;
    let next = only ?? 0;
    const worker = async () => {
      while (next < to) {
        const number = next++;
        const input = restInput(places, chanceOf(seed, number));
        const startedAt = performance.now();
        for (const verdict of await judge(target, input, number, seed))
          count(account, verdict, input, performance.now() - startedAt);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const wrong = await afterwards(target);
    if (wrong !== undefined) account.findings.push({ what: wrong, input: "all of them" });
    return account;
  },
  replay: async (inputs) => {
    await using target = await startRestTarget();
    const verdicts: Verdict[] = [];
    for (const [number, input] of inputs.entries())
      verdicts.push(worst(await judge(target, input as RestInput, number, 0)));
    return verdicts;
  },
};

/** One verdict for each time that it was asked. */
async function judge(target: RestTarget, input: RestInput, number: number, seed: number): Promise<readonly Verdict[]> {
  const send = (what: RestInput) => target.send(what, number, chanceOf(seed + 1, number));
  try {
    const answer = await send(input);
    const [path = ""] = input.path.split("?", 1);
    const operations = target.document.paths[path];
    // What is only read may be asked with POST as well.
    const operation = operations?.[input.method.toLowerCase()] ?? operations?.["get"];
    const declared = input.expected === "wrong method" ? undefined : operation;
    const verdict = judgeAnswer(input, answer, declared, target.secrets);
    if (input.again === undefined || verdict.kind !== "accepted") return [verdict];
    return [verdict, judgeRepeat(input, answer, await send({ ...input, ...input.again }))];
  } catch (error) {
    return [finding(`no answer: ${error instanceof Error ? error.message : String(error)}`)];
  }
}

const worst = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.find(({ kind }) => kind === "finding") ?? verdicts[0]!;

/** Whether the control plane is still there, is well, and has broken nothing that it keeps. */
async function afterwards({ world, owner }: RestTarget): Promise<string | undefined> {
  if (!world.controlPlane.isRunning) return `the control plane ended:\n${world.controlPlane.output.slice(-2_000)}`;
  // By a token: what was asked may have ended any session.
  const headers = { authorization: `Bearer ${owner}` };
  const answer = await fetch(`${world.baseUrl}/edgemere/ia/audit/verify`, { headers });
  const { whole, faults } = (await answer.json()) as { readonly whole: boolean; readonly faults: readonly unknown[] };
  const failures = world.controlPlane.output.split("\n").filter((line) => /"level":(50|60)|"level":"error"/.test(line));
  if (failures.length > 0) return `the control plane's log tells of failures:\n${failures.slice(0, 3).join("\n")}`;
  return whole ? undefined : `the audit log is not whole: ${JSON.stringify(faults)}`;
}
