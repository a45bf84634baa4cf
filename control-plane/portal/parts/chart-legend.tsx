import { visible } from "../data/hostile-text.ts";
import { formatValue } from "../data/metric.ts";
import { colourOf } from "./chart-options.ts";

interface LegendLine {
  readonly label: string;
  readonly metric: string;
  readonly value: number | undefined;
}

/** The numbers of a chart, at one moment. */
export function ChartLegend({
  caption,
  at,
  note,
  isUtc,
  lines,
}: {
  readonly caption: string;
  /** Seconds since 1970; undefined for the newest. */
  readonly at: number | undefined;
  /** Why nothing was recorded at that moment. */
  readonly note: string | undefined;
  readonly isUtc: boolean;
  readonly lines: readonly LegendLine[];
}) {
  return (
    <table className="legend">
      <caption className="unseen">{caption}: values</caption>
      <tbody>
        {lines.map(({ label, metric, value }, line) => (
          <tr key={`${metric} ${label}`}>
            <th scope="row">
              <svg width="10" height="10" aria-hidden="true">
                <rect width="10" height="10" rx="2" fill={colourOf(line)} />
              </svg>
              <bdi>{label}</bdi>
            </th>
            <td>{value === undefined ? <i>not recorded</i> : formatValue(metric, value)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td colSpan={2}>
            {at === undefined ? "newest" : timeOf(at, isUtc)}
            {note !== undefined && <bdi>: {visible(note)}</bdi>}
          </td>
        </tr>
      </tfoot>
    </table>
  );
}

const timeOf = (seconds: number, isUtc: boolean) =>
  new Intl.DateTimeFormat(undefined, {
    dateStyle: "short",
    timeStyle: "long",
    ...(isUtc && { timeZone: "UTC" }),
  }).format(seconds * 1_000);
