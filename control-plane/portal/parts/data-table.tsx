import { Table } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** Left out where there is little room; "slightly": where there is very little. */
  readonly isMinor?: boolean | "slightly";
  readonly align?: "right";
}

export interface DataTableProps<Row> {
  /** Says what is listed, for those who do not see it. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Where a row leads: its first cell becomes a link that covers the row. */
  readonly linkOf?: (row: Row) => string | undefined;
}

export const DataTable = <Row,>({ caption, columns, rows, keyOf, linkOf }: DataTableProps<Row>) => (
  <div className="table-scroll">
    <Table highlightOnHover={linkOf !== undefined} verticalSpacing="xs" className="data-table">
      <caption className="unseen">{caption}</caption>
      <Table.Thead>
        <Table.Tr>
          {columns.map(({ title, isMinor, align }) => (
            <Table.Th key={title} scope="col" data-minor={isMinor} data-align={align}>
              {title}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((row) => {
          const link = linkOf?.(row);
          return (
            <Table.Tr key={keyOf(row)} data-link={link !== undefined}>
              {columns.map(({ title, cell, isMinor, align }, place) => (
                <Table.Td key={title} data-minor={isMinor} data-align={align}>
                  {place === 0 && link !== undefined ? (
                    <Link href={link} className="row-link">
                      {cell(row)}
                    </Link>
                  ) : (
                    cell(row)
                  )}
                </Table.Td>
              ))}
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  </div>
);
