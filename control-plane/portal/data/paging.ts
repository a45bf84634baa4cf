import { useState } from "react";

export interface Paging {
  readonly cursor: string | undefined;
  /** From 1. */
  readonly page: number;
  readonly forward: (next: string) => void;
  readonly back: () => void;
}

/** Walks through the pages of a list by its cursors; begins anew when the question changes. */
export function usePaging(question: string): Paging {
  const [walk, setWalk] = useState<{ readonly question: string; readonly cursors: readonly string[] }>({
    question,
    cursors: [],
  });
  const cursors = walk.question === question ? walk.cursors : [];
  return {
    cursor: cursors.at(-1),
    page: cursors.length + 1,
    forward: (next) => setWalk({ question, cursors: [...cursors, next] }),
    back: () => setWalk({ question, cursors: cursors.slice(0, -1) }),
  };
}
