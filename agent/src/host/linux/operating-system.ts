import type { Fact } from "../host.ts";

/** From /etc/os-release (a file of shell assignments, see os-release(5)). */
export function operatingSystemFacts(text: string): readonly Fact[] {
  const fields = new Map(
    text
      .split("\n")
      .map((line) => /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim()))
      .filter((match) => match !== null)
      .map(([, name = "", value = ""]) => [name, unquoted(value)]),
  );
  return (
    [
      // "Debian", as people call it; the whole name is in the description.
      ["os.name", fields.get("NAME")?.replace(/ GNU\/Linux$/, "")],
      ["os.id", fields.get("ID")],
      ["os.version", fields.get("VERSION_ID")],
      ["os.codename", fields.get("VERSION_CODENAME")],
      ["os.description", fields.get("PRETTY_NAME")],
    ] as const
  ).flatMap(([name, value]) => (value === undefined || value === "" ? [] : [{ name, value }]));
}

function unquoted(value: string): string {
  const inner = /^"(.*)"$/.exec(value)?.[1] ?? /^'(.*)'$/.exec(value)?.[1] ?? value;
  return inner.replace(/\\(["$`\\])/g, "$1");
}

/** From /var/lib/dpkg/status: how many packages are installed (one that was removed may leave its settings and its entry). */
export const installedPackages = (text: string): number =>
  text.split("\n").filter((line) => /^Status: \S+ \S+ installed$/.test(line)).length;
