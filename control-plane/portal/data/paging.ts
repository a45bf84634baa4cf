import { useState } from "react";

export interface Paging {
  readonly cursor: string | undefined;
  /** From 1. */
  readonly page: number;
  /** How many there are in all; the first page alone is told. */
  readonly total: number | undefined;
  readonly forward: (next: string, total: number | undefined) => void;
  readonly back: () => void;
}

interface Walk {
  readonly question: string;
  readonly cursors: readonly string[];
  readonly total: number | undefined;
}

/** Walks through the pages of a list by its cursors; begins anew when the question changes. */
export function usePaging(question: string): Paging {
  const [walk, setWalk] = useState<Walk>({ question, cursors: [], total: undefined });
  const { cursors, total } = walk.question === question ? walk : { cursors: [], total: undefined };
  return {
    cursor: cursors.at(-1),
    page: cursors.length + 1,
    total,
    forward: (next, counted) => setWalk({ question, cursors: [...cursors, next], total: counted ?? total }),
    back: () => setWalk({ question, cursors: cursors.slice(0, -1), total }),
  };
}
