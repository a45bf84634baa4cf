import { Button, Group, Text } from "@mantine/core";
import { counted } from "../data/format.ts";
import type { Paging } from "../data/paging.ts";

/** Buttons to the pages before and after, and how many there are where that is known. */
export function Pager({
  paging,
  next,
  shown,
  total,
  noun,
}: {
  readonly paging: Paging;
  readonly next: string | undefined;
  readonly shown: number;
  readonly total: number | undefined;
  /** What is listed; one of it. */
  readonly noun: string;
}) {
  const isOnlyPage = paging.page === 1 && next === undefined;
  const all = total ?? paging.total;
  return (
    <Group justify="space-between" mt="sm" className="pager">
      <Text size="sm" c="dimmed" aria-live="polite">
        {all === undefined || isOnlyPage ? counted(shown, noun) : `${shown.toLocaleString()} of ${counted(all, noun)}`}
        {!isOnlyPage && `, page ${paging.page}`}
      </Text>
      {!isOnlyPage && (
        <Group gap="xs">
          <Button size="xs" variant="default" disabled={paging.page === 1} onClick={paging.back}>
            Previous
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={next === undefined}
            onClick={() => next !== undefined && paging.forward(next, all)}
          >
            Next
          </Button>
        </Group>
      )}
    </Group>
  );
}
