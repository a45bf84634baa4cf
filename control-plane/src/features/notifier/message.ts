import type { Message, Notice, Told } from "./notice-contract.ts";

type Content = Pick<Notice, "id" | "contact" | "told">;

/** What a webhook is sent: of one notice always the same bytes. */
export function bodyOf({ id, contact, told }: Content, controlPlane: string): string {
  const type = told.length === 0 ? "test" : "alerts";
  return JSON.stringify({ type, notice: id, contact, controlPlane, alerts: [...told] } satisfies Message);
}

const SUBJECT_LENGTH = 160;
const LINE_LENGTH = 500;

/**
 * Somebody else's words as one line that looks like what it is: no line break that would begin a header, nothing that turns the direction of
 * writing or cannot be seen.
 */
export const oneLine = (text: string, length = LINE_LENGTH): string => {
  const line = text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, " ")
    .replaceAll(/ +/g, " ")
    .trim();
  return line.length > length ? `${line.slice(0, length).replace(/[\ud800-\udbff]$/, "")}…` : line;
};

/** What a mail says. */
export function mailOf(
  { id, contact, told }: Content,
  controlPlane: string,
): { readonly subject: string; readonly text: string } {
  const words =
    told.length === 0
      ? [`This is a test of the contact ${contact}. Somebody wants to know whether it gets here.`]
      : told.map(paragraphOf);
  const text = [...words, `Notice ${id} of ${controlPlane} to ${contact}`].map((each) => `${each}\n`).join("\n");
  return { subject: oneLine(subjectOf(told, contact), SUBJECT_LENGTH), text };
}

function subjectOf(told: readonly Told[], contact: string): string {
  const [first] = told;
  if (first === undefined) return `[test] ${contact}`;
  if (told.length === 1)
    return `[${first.change}] ${first.policy} on ${first.name || first.device} (${first.severity})`;
  const counts = ["firing", "nodata", "resolved"].flatMap((change) => {
    const count = told.filter((each) => each.change === change).length;
    return count === 0 ? [] : [`${count} ${change}`];
  });
  return `[${counts.join(", ")}] ${[...new Set(told.map(({ policy }) => policy))].join(", ")}`;
}

function paragraphOf({ change, policy, severity, device, name, at, since, reason, looked, alert }: Told): string {
  const saw = looked.map(({ what, value }) => `${what} = ${value ?? "nothing"}`).join(", ");
  const lines = [
    `${change}: ${policy} on ${name || device} (${severity})`,
    `at ${written(at)}, since ${written(since)}`,
    ...(reason === "" ? [] : [reason]),
    ...(saw === "" ? [] : [`saw ${saw}`]),
    `alert ${alert}`,
  ];
  return lines.map((each) => oneLine(each)).join("\n  ");
}

// oxlint-disable-next-line no-restricted-globals -- an instant is written, no clock is asked
const written = (at: number): string => new Date(at).toISOString();
