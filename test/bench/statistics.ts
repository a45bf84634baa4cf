/** The value that this share of the values does not exceed; NaN when there are none. */
export function quantile(values: readonly number[], share: number): number {
  const ordered = values.toSorted((a, b) => a - b);
  return ordered[Math.max(0, Math.ceil(share * ordered.length) - 1)] ?? NaN;
}

/** Three digits that mean something; large numbers whole, in groups. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** What rounds gave: "median (least..most)". */
export const spread = (rounds: readonly number[]): string =>
  `${figure(quantile(rounds, 0.5))} (${figure(Math.min(...rounds))}..${figure(Math.max(...rounds))})`;

/** How two measurements of the same rounds compare, round by round. */
export const ratio = (ours: readonly number[], peers: readonly number[]): string =>
  `${spread(ours.map((each, round) => each / (peers[round] ?? NaN)))} ×`;
