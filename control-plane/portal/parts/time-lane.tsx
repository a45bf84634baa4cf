import type { ReactNode } from "react";
import type { Interval } from "../data/chart-range.ts";

/** What stands for an outcome where there is no room for its word. */
export const SIGNS: Readonly<Record<string, string>> = { good: "✓", bad: "✕", warn: "!", busy: "…", quiet: "–" };

/** A stretch with something on both sides of it. */
export const around = ({ from, to }: Interval): Interval => {
  const margin = Math.max(30_000, (to - from) / 4);
  return { from: Math.round(from - margin), to: Math.round(to + margin) };
};

export const Lane = ({
  title,
  count,
  isRare = false,
  children,
}: {
  readonly title: string;
  /** Undefined until it is known. */
  readonly count: number | undefined;
  readonly isRare?: boolean;
  readonly children: ReactNode;
}) =>
  (count !== 0 || !isRare) && (
    <div className="lane">
      <span className="lane-title">
        {title} <b>{count}</b>
      </span>
      <ul aria-label={title}>{children}</ul>
    </div>
  );

export function Item({
  within,
  of,
  children,
}: {
  readonly within: Interval;
  readonly of: Interval;
  readonly children: ReactNode;
}) {
  const share = (at: number) => Math.min(1, Math.max(0, (at - within.from) / (within.to - within.from)));
  const [left, width] = [share(of.from), share(of.to) - share(of.from)];
  return <li style={{ left: `min(${left * 100}%, 100% - 12px)`, width: `${width * 100}%` }}>{children}</li>;
}
