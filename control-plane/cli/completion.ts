import { RootCommand } from "@bomb.sh/tab";
import { hasHiddenCharacters } from "@edgemere/protocol/hostile-text";
import { findByWords, shortName } from "./address.ts";
import { listActions } from "./actions.ts";
import type { Entry } from "./entry.ts";
import { UsageError } from "./failure.ts";
import { bareField, fieldsOf, type Field } from "./fields.ts";
import { formats } from "./output.ts";
import type { Session } from "./session.ts";

/** Instants that are typed often. */
const INSTANTS = ["now", "-15m", "-1h", "-24h", "-7d", "-30d"];
const SHELLS = ["bash", "zsh", "fish", "powershell"];
// A shell that waits for a server at every key is worse than one that suggests nothing.
const PATIENCE = 1_500;

/** `edgemere complete bash` prints the shell's script, which then asks `edgemere complete -- <words>`. */
export const complete = (entries: () => readonly Entry[]): Entry => ({
  words: ["complete"],
  isEveryday: true,
  summary: `Print the completion script of a shell: ${SHELLS.join(", ")}`,
  declare: (command) =>
    void command
      .argument("[words...]", "the shell")
      .addHelpText("after", "\nExample:\n  source <(edgemere complete bash)"),
  run: async ({ positionals: [shell = "", ...words] }, session) => {
    if (shell !== "--") {
      if (!SHELLS.includes(shell)) throw new UsageError(`name the shell: edgemere complete ${SHELLS.join("|")}`);
      new RootCommand().setup("edgemere", "edgemere", shell);
      return 0;
    }
    const names = wantsDevice(entries(), words) ? await deviceNames(session) : [];
    suggestions(entries(), words, names).parse([...words]);
    return 0;
  },
});

/** All names of commands, and the options of the one that is being typed. */
function suggestions(entries: readonly Entry[], words: readonly string[], devices: readonly string[]): RootCommand {
  const root = new RootCommand();
  const known = new Map<string, string>();
  for (const entry of entries)
    for (const name of [entry.words, shortName(entries, entry).split(" ")])
      for (const [index] of name.entries())
        known.set(name.slice(0, index + 1).join(" "), index === name.length - 1 ? entry.summary : "");
  for (const [name, summary] of known) root.command(name, summary);
  const typed = typedAction(entries, words);
  if (typed === undefined) return root;
  const command = root.commands.get(typed.name) ?? root.command(typed.name, "");
  const values = (field: Field) =>
    field.reference === "device" ? devices : field.kind === "instant" ? INSTANTS : field.choices;
  const suggest = (options: readonly string[]) => (add: (value: string, description: string) => void) =>
    options.forEach((each) => add(each, ""));
  for (const field of typed.fields) command.option(field.flag, field.description, suggest(values(field)));
  command.option("output", "how results are shown", suggest(formats));
  for (const flag of ["help", "json", "csv", "verbose"]) command.option(flag, "");
  if (typed.bare !== undefined) command.argument(typed.bare.flag, suggest(values(typed.bare)));
  return root;
}

function typedAction(entries: readonly Entry[], words: readonly string[]) {
  const firstOption = words.findIndex((word) => word.startsWith("-"));
  const leading = (firstOption < 0 ? words : words.slice(0, firstOption)).filter((word) => word !== "");
  const found = findByWords(entries, leading);
  if (found.kind !== "one") return undefined;
  const { words: own, asks: { paths, bare } = { paths: [own.join("/")] } } = found.entry;
  const fields = listActions()
    .filter((each) => paths.includes(each.path as string))
    .flatMap((each) => fieldsOf(each).filter(({ secret }) => !secret));
  if (fields.length === 0) return undefined;
  const name = leading.slice(0, leading.length - found.rest.length).join(" ");
  const byFlag = [...new Map(fields.map((each) => [each.flag, each])).values()];
  if (bare === undefined) return { name, fields: byFlag, bare: bareField(byFlag) };
  return {
    name,
    fields: byFlag.filter((each) => each.name !== bare),
    bare: byFlag.find((each) => each.name === bare),
  };
}

function wantsDevice(entries: readonly Entry[], words: readonly string[]): boolean {
  const { fields = [], bare } = typedAction(entries, words) ?? {};
  return [...fields, bare].some((each) => each?.reference === "device");
}

async function deviceNames({ client }: Session): Promise<readonly string[]> {
  try {
    const { items } = await client.call(
      "cpl/dm/device/list",
      { limit: 200 },
      { signal: AbortSignal.timeout(PATIENCE) },
    );
    return items.map(({ name }) => name).filter((name) => !hasHiddenCharacters(name));
  } catch {
    // Not signed in, or nobody there: there is nothing to suggest, and a prompt is no place to say so.
    return [];
  }
}
