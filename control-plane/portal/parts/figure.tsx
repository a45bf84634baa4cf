import { Link } from "wouter";

/** A number that leads to what it counts. */
export const Figure = ({
  label,
  value,
  to,
  tone,
}: {
  readonly label: string;
  readonly value: number;
  readonly to: string;
  readonly tone?: string;
}) => (
  <Link href={to} className="figure" data-tone={value === 0 ? undefined : tone}>
    <span className="figure-value">{value.toLocaleString()}</span>
    <span className="figure-label">{label}</span>
  </Link>
);
