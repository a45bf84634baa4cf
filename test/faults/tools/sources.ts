import { command } from "./command.ts";

/** The commit that is run, and whether more than these files, which a run writes, differs from it. */
export async function sourcesBut(...written: readonly string[]): Promise<string> {
  const [name, changed] = [
    await command("git", "describe", "--always"),
    await command("git", "diff", "--name-only", "HEAD"),
  ];
  const isChanged = changed.split("\n").some((path) => path !== "" && !written.includes(path));
  return `${name.trim()}${isChanged ? "-dirty" : ""}`;
}
