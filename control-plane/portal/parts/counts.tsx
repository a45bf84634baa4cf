import { Anchor, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { visible } from "../data/hostile-text.ts";

/** How many of each kind, as bars whose names lead to the devices behind them. */
export function Counts({
  of: counts,
  outOf,
  linkOf,
}: {
  readonly of: Readonly<Record<string, number>>;
  /** How many there are in all, where one may be counted under several names. */
  readonly outOf?: number;
  readonly linkOf: (name: string) => string | undefined;
}) {
  const rows = Object.entries(counts).sort(([, a], [, b]) => b - a);
  const total = outOf ?? rows.reduce((sum, [, count]) => sum + count, 0);
  return (
    <ul className="counts">
      {rows.slice(0, 8).map(([name, count]) => (
        <Row key={name} share={count / total} count={count}>
          <Name name={name} link={linkOf(name)} />
        </Row>
      ))}
      {rows.length > 8 && (
        <Row share={0} count={rows.slice(8).reduce((sum, [, count]) => sum + count, 0)}>
          {rows.length - 8} more
        </Row>
      )}
    </ul>
  );
}

const Row = ({
  share,
  count,
  children,
}: {
  readonly share: number;
  readonly count: number;
  readonly children: ReactNode;
}) => (
  <li>
    <span className="counts-name">{children}</span>
    <Text component="span" fw={600} size="sm">
      {count.toLocaleString()}
    </Text>
    <span className="bar" aria-hidden="true">
      <span style={{ width: `${share * 100}%` }} />
    </span>
  </li>
);

const Name = ({ name, link }: { readonly name: string; readonly link: string | undefined }) =>
  link === undefined ? (
    <bdi>{visible(name)}</bdi>
  ) : (
    <Anchor component={Link} href={link} size="sm">
      <bdi>{visible(name)}</bdi>
    </Anchor>
  );
