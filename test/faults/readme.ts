const END = "<!-- made until here -->";

/** The text with this table between the marks, the first of which says what makes it. */
export function withTable(
  text: string,
  table: string,
  maker = "test/dist/faults/table.js from test/faults/results.json",
): string {
  const begin = `<!-- made by ${maker} -->`;
  const [from, to] = [text.indexOf(begin), text.indexOf(END)];
  if (from === -1 || to < from)
    throw new Error(`the README has no place for the table: it stands between ${begin} and ${END}`);
  return `${text.slice(0, from)}${begin}\n\n${table}\n\n${text.slice(to)}`;
}
