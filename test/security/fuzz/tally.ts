/** Something that must not be: what was seen, and the input that shows it, in the form in which a corpus keeps it. */
export interface Finding {
  readonly what: string;
  readonly input: unknown;
}

/** What became of one input: taken, refused for this reason, or something that must not be. */
export type Verdict =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused"; readonly reason: string }
  | ({ readonly kind: "finding" } & Omit<Finding, "input">);

export const accepted: Verdict = { kind: "accepted" };
export const refused = (reason: string): Verdict => ({ kind: "refused", reason });
export const finding = (what: string): Verdict => ({ kind: "finding", what });

/** The account of one area; travels between threads as it is. */
export interface Account {
  inputs: number;
  accepted: number;
  readonly refused: Record<string, number>;
  /** The slowest input, milliseconds. */
  worst: number;
  readonly findings: Finding[];
  /** What else was seen. */
  readonly notes: string[];
}

export const emptyAccount = (): Account => ({ inputs: 0, accepted: 0, refused: {}, worst: 0, findings: [], notes: [] });

/** So many are told; a broken build fails every input. */
const FINDINGS_TOLD = 20;
const ALIKE_TOLD = 3;

export function count(account: Account, verdict: Verdict, input: unknown, milliseconds = 0): void {
  account.inputs++;
  account.worst = Math.max(account.worst, milliseconds);
  if (verdict.kind === "accepted") account.accepted++;
  else if (verdict.kind === "refused") account.refused[verdict.reason] = (account.refused[verdict.reason] ?? 0) + 1;
  else tell(account.findings, { what: verdict.what, input });
}

/** Of findings that are alike a few are enough. */
function tell(findings: Finding[], found: Finding): void {
  const alike = findings.filter(({ what }) => kindOf(what) === kindOf(found.what));
  if (findings.length < FINDINGS_TOLD && alike.length < ALIKE_TOLD) findings.push(found);
}

const kindOf = (what: string): string => what.replaceAll(/[0-9A-Z_]{6,}|\d+/g, "").slice(0, 80);

export function addTo(sum: Account, part: Account): void {
  sum.inputs += part.inputs;
  sum.accepted += part.accepted;
  sum.worst = Math.max(sum.worst, part.worst);
  for (const [reason, times] of Object.entries(part.refused)) sum.refused[reason] = (sum.refused[reason] ?? 0) + times;
  sum.notes.push(...part.notes);
  for (const each of part.findings) tell(sum.findings, each);
}
