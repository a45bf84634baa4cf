import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Paging } from "../data/paging.ts";
import { Answer } from "./answer.tsx";
import { DataTable, type DataTableProps } from "./data-table.tsx";
import { Pager } from "./pager.tsx";

interface Page<Row> {
  readonly items: readonly Row[];
  readonly next?: string | undefined;
  readonly total?: number | undefined;
}

/** A list that comes in pages: the page there is, what to say where there is nothing, and the ways on. */
export const PagedTable = <Row,>({
  of: pages,
  paging,
  noun,
  empty,
  lines = 6,
  ...table
}: Omit<DataTableProps<Row>, "rows"> & {
  readonly of: UseQueryResult<Page<Row>>;
  readonly paging: Paging;
  /** What is listed; one of it. */
  readonly noun: string;
  readonly empty: ReactNode;
  readonly lines?: number;
}) => (
  <Answer of={pages} lines={lines}>
    {({ items, next, total }) =>
      items.length === 0 ? (
        empty
      ) : (
        <>
          <DataTable {...table} rows={items} />
          <Pager paging={paging} next={next} shown={items.length} total={total} noun={noun} />
        </>
      )
    }
  </Answer>
);
