import { Anchor, Button, Text } from "@mantine/core";
import { pathOf, type Folder, type FolderEntry } from "../data/folder.ts";
import { bytes } from "../data/format.ts";
import { useMay } from "../data/session.tsx";
import { Empty } from "./answer.tsx";
import { DataTable } from "./data-table.tsx";
import { ExactInstant } from "./instant.tsx";
import { Plain } from "./plain.tsx";

/** Where it goes from a folder. */
export interface FolderWays {
  readonly path: string;
  readonly onEnter: (path: string) => void;
  readonly onNext: (after: string) => void;
  readonly onFetch: (path: string) => void;
}

/** What a device told of a folder. */
export function FolderContent({
  of: { entries, hasMore, unnamed },
  path,
  onEnter,
  onNext,
  onFetch,
}: FolderWays & { readonly of: Folder }) {
  const mayFetch = useMay("command:file.get");
  const last = entries.at(-1);
  const nameOf = (entry: FolderEntry) =>
    entry.type === "folder" ? (
      <Anchor component="button" type="button" size="sm" ta="start" onClick={() => onEnter(pathOf(path, entry))}>
        <Plain text={entry.name} />
      </Anchor>
    ) : (
      <Plain text={entry.name} />
    );
  return (
    <>
      {entries.length === 0 ? (
        <Empty title={path === "" ? "No folder is open" : "Nothing is here"} />
      ) : (
        <DataTable
          caption="What lies in the folder"
          rows={entries}
          keyOf={({ name }) => name}
          columns={[
            { title: "Name", cell: nameOf },
            { title: "Is", isMinor: "slightly", cell: ({ type }) => <Plain text={type} /> },
            { title: "Size", align: "right", cell: (entry) => (entry.type === "file" ? bytes(entry.bytes) : "–") },
            { title: "Changed", isMinor: true, cell: ({ modifiedAtMs }) => <ExactInstant at={modifiedAtMs} /> },
            {
              title: "Actions",
              align: "right",
              cell: (entry) =>
                entry.type === "file" && (
                  <Button
                    size="compact-xs"
                    variant="default"
                    disabled={!mayFetch}
                    aria-label={`Fetch ${entry.name}`}
                    onClick={() => onFetch(pathOf(path, entry))}
                  >
                    Fetch
                  </Button>
                ),
            },
          ]}
        />
      )}
      {unnamed > 0 && <Text size="sm">And {unnamed} with names that cannot be shown: they are no UTF-8.</Text>}
      {hasMore && last !== undefined && (
        <Button size="xs" mt="sm" variant="default" onClick={() => onNext(last.name)}>
          Next page
        </Button>
      )}
    </>
  );
}
