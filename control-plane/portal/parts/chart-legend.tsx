import type { Reading } from "../data/chart-columns.ts";
import { readingText } from "../data/metric.ts";
import { colourOf } from "./chart-options.ts";

interface LegendRow {
  readonly label: string;
  readonly metric: string;
  readonly reading: Reading | undefined;
}

/** The numbers of a chart, at one moment. A line's name shows it alone, for those to whom colours say little. */
export function ChartLegend({
  caption,
  when,
  note,
  rows,
  alone,
  onAlone,
}: {
  readonly caption: string;
  /** The moment, in words. */
  readonly when: string;
  /** Why nothing was recorded at that moment. */
  readonly note: string | undefined;
  readonly rows: readonly LegendRow[];
  /** The label of the only line that is shown. */
  readonly alone: string | undefined;
  readonly onAlone: (place: number) => void;
}) {
  return (
    <table className="legend">
      <caption className="unseen">{caption}: values</caption>
      <tbody>
        {rows.map(({ label, metric, reading }, line) => (
          <tr key={`${metric} ${label}`} data-hidden={alone !== undefined && alone !== label}>
            <th scope="row">
              {rows.length > 1 ? (
                <button
                  type="button"
                  className="legend-line"
                  aria-pressed={alone === label}
                  title="Show only this line"
                  onClick={() => onAlone(line)}
                >
                  <Swatch line={line} />
                  <bdi>{label}</bdi>
                </button>
              ) : (
                <>
                  <Swatch line={line} />
                  <bdi>{label}</bdi>
                </>
              )}
            </th>
            <td>{reading === undefined ? <i>not recorded</i> : readingText(metric, reading)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td colSpan={2}>
            {when}
            {note !== undefined && <bdi>: {note}</bdi>}
          </td>
        </tr>
      </tfoot>
    </table>
  );
}

const Swatch = ({ line }: { readonly line: number }) => (
  <svg width="10" height="10" aria-hidden="true">
    <rect width="10" height="10" rx="2" fill={`var(${colourOf(line)})`} />
  </svg>
);
