import { Button } from "@mantine/core";
import { fileName } from "./chart-table.tsx";
import { saveFile } from "./save-file.ts";

/** Saves what is shown for a spreadsheet; `csv` is made when somebody wants it. */
export function DownloadCsv({
  name,
  csv,
  isEmpty,
}: {
  readonly name: string;
  readonly csv: () => string;
  readonly isEmpty: boolean;
}) {
  return (
    <Button size="xs" variant="default" disabled={isEmpty} onClick={() => saveFile(`${fileName(name)}.csv`, csv())}>
      Download CSV
    </Button>
  );
}
