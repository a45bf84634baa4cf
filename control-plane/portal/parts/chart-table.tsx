import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { readerOf } from "../data/chart-columns.ts";
import { chartCsv } from "../data/chart-csv.ts";
import { counted } from "../data/format.ts";
import { visible } from "../data/hostile-text.ts";
import { readingText } from "../data/metric.ts";
import { momentText } from "../data/moment.ts";
import type { ChartLine } from "./chart.tsx";
import { useChartFrame } from "./chart-frame.ts";
import { DataTable } from "./data-table.tsx";
import { Dialog } from "./dialog.tsx";
import { saveFile } from "./save-file.ts";

/** More than these nobody reads; the file has all. */
const ROWS_AT_MOST = 300;

/** The samples behind a chart, as a table and as a file. */
export function ChartTable({ title, lines }: { readonly title: string; readonly lines: readonly ChartLine[] }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button size="compact-xs" variant="subtle" aria-label={`${title} as a table`} onClick={() => setOpen(true)}>
        Table
      </Button>
      <Dialog title={title} isOpen={isOpen} onClose={() => setOpen(false)}>
        {isOpen && <Samples title={title} lines={lines} />}
      </Dialog>
    </>
  );
}

function Samples({ title, lines }: { readonly title: string; readonly lines: readonly ChartLine[] }) {
  const { interval, isUtc } = useChartFrame();
  // What it showed when it was opened: a table that moves cannot be read.
  const [shown] = useState({ lines, interval });
  const instants = [...new Set(shown.lines.flatMap(({ at }) => at))]
    .filter((at) => at >= shown.interval.from && at <= shown.interval.to)
    .sort((a, b) => b - a);
  const readers = shown.lines.map((line) => ({ line, read: readerOf(line) }));
  return (
    <>
      <DataTable
        caption={`${title}: samples, newest first`}
        rows={instants.slice(0, ROWS_AT_MOST)}
        keyOf={String}
        columns={[
          { title: "Time", cell: (at) => <time dateTime={new Date(at).toISOString()}>{momentText(at, isUtc)}</time> },
          ...readers.map(({ line, read }) => ({
            title: visible(line.label) || title,
            align: "right" as const,
            cell: (at: number) => {
              const reading = read(at);
              return reading?.at === at ? readingText(line.metric, reading) : "";
            },
          })),
        ]}
      />
      <Text size="sm" c="dimmed" my="sm">
        {counted(instants.length, "moment")}
        {instants.length > ROWS_AT_MOST && `, the newest ${ROWS_AT_MOST} of them above`}.
      </Text>
      <Button
        size="xs"
        variant="default"
        onClick={() => saveFile(`${fileName(title)}.csv`, chartCsv(shown.lines, shown.interval))}
      >
        Download as CSV
      </Button>
    </>
  );
}

/** A name that every file system takes. */
export const fileName = (text: string): string =>
  text
    .replaceAll(/[^\p{L}\p{N}]+/gu, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, 80) || "charts";
