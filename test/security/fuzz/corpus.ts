import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Area } from "./area.ts";
import { count, emptyAccount, finding, type Account } from "./tally.ts";

const folder = join(import.meta.dirname, "../../../corpus");

/** A file of the corpus: an input that did harm once, and what harm it was. */
interface Kept {
  readonly about: string;
  readonly input: unknown;
}

/** Throws at an area what has ever done it harm. */
export async function replayCorpus(area: Area): Promise<Account> {
  const account = emptyAccount();
  const own = join(folder, area.name);
  const names = existsSync(own) ? readdirSync(own).filter((name) => name.endsWith(".json")) : [];
  if (names.length === 0) return account;
  const kept = names.map((name) => JSON.parse(readFileSync(join(own, name), "utf8")) as Kept);
  const verdicts = await area.replay(kept.map(({ input }) => input));
  for (const [place, { about, input }] of kept.entries()) {
    const verdict = verdicts[place] ?? finding("it was not thrown");
    const isNew = verdict.kind === "finding";
    count(account, isNew ? finding(`${names[place] ?? ""} again (${about}): ${verdict.what}`) : verdict, input);
  }
  return account;
}
