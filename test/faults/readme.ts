const BEGIN = "<!-- made by test/dist/faults/table.js from test/faults/results.json -->";
const END = "<!-- made until here -->";

/** The text with this table between the marks. */
export function withTable(text: string, table: string): string {
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from === -1 || to < from)
    throw new Error(`the README has no place for the table: it stands between ${BEGIN} and ${END}`);
  return `${text.slice(0, from)}${BEGIN}\n\n${table}\n\n${text.slice(to)}`;
}
