import { shortName, startsWith } from "./address.ts";
import type { Entry } from "./entry.ts";
import { visible } from "./visible.ts";

const WIDTH = 30;

/** All commands below the given words, under the headings of their groups, by the shortest name that works. */
export function helpText(entries: readonly Entry[], below: readonly string[] = []): string {
  const groups = new Map<string, readonly string[]>();
  for (const entry of entries.filter(({ words }) => startsWith(words, below))) {
    const heading = entry.isEveryday ? "" : entry.words.slice(0, -1).join(" ");
    const line = `  ${shortName(entries, entry).padEnd(WIDTH)} ${visible(entry.summary)}`;
    groups.set(heading, [...(groups.get(heading) ?? []), line]);
  }
  const sections = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([heading, lines]) => [heading || "everyday", ...lines].join("\n"));
  const [before, after] =
    below.length === 0 ? [INTRODUCTION, CLOSING] : [`Usage: edgemere ${below.join(" ")} <command> [options]`, MORE];
  return `${[before, ...sections, after].join("\n\n")}\n`;
}

const INTRODUCTION = `Usage: edgemere <command> [options]

Asks a control plane. Commands are the words of an address; an ending of it that means
only one is enough: "edgemere device list" is "edgemere cpl dm device list".`;

const MORE = `"edgemere <command> --help" explains one command.`;

const CLOSING = `Results go to stdout: as a table on a terminal, as JSON elsewhere; --output says otherwise.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done in part, 4 not found, 5 not possible in
this state, 6 no answer (in time), 7 not signed in or not allowed, 130 interrupted.
Environment: EDGEMERE_SERVER, EDGEMERE_TOKEN or EDGEMERE_TOKEN_FILE, NO_COLOR.
Completion: source <(edgemere complete bash), or zsh, fish.

${MORE}`;
