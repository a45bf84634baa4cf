import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Area } from "./area.ts";
import { accepted, count, emptyAccount, finding, type Account } from "./tally.ts";

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
  for (const name of names) {
    const { about, input } = JSON.parse(readFileSync(join(own, name), "utf8")) as Kept;
    const startedAt = performance.now();
    const wrong = await area.replay(input);
    const verdict = wrong === undefined ? accepted : finding(`corpus/${area.name}/${name}, ${about}: ${wrong}`);
    count(account, verdict, input, performance.now() - startedAt);
  }
  return account;
}
