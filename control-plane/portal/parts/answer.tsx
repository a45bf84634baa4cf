import { Alert, Button, Skeleton, Stack, Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { visible } from "../data/hostile-text.ts";
import { describeError } from "../data/refusal.ts";

/** Shows an answer once it is there; until then that it loads, or why it does not come. */
export function Answer<T>({
  of: query,
  lines = 4,
  children,
}: {
  readonly of: UseQueryResult<T>;
  /** How many lines the place holder has. */
  readonly lines?: number;
  readonly children: (output: T) => ReactNode;
}) {
  if (query.data !== undefined)
    return (
      <>
        {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} isStale />}
        {children(query.data)}
      </>
    );
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading lines={lines} />;
}

export const Loading = ({ lines }: { readonly lines: number }) => (
  <Stack gap="sm" role="status" aria-label="Loading">
    {Array.from({ length: lines }, (_, line) => (
      <Skeleton key={line} height={28} radius="sm" />
    ))}
  </Stack>
);

export function Failure({
  error,
  onRetry,
  isStale = false,
}: {
  readonly error: unknown;
  readonly onRetry?: () => void;
  /** Older content is still shown below. */
  readonly isStale?: boolean;
}) {
  const { title, detail, reference } = describeError(error);
  return (
    <Alert color="red" title={title} role="alert" mb={isStale ? "md" : 0}>
      <Text size="sm">{visible(detail)}</Text>
      {isStale && <Text size="sm">What is shown below may be outdated.</Text>}
      {reference !== undefined && (
        <Text size="xs" mt={4}>
          Request {reference}
        </Text>
      )}
      {onRetry && (
        <Button size="xs" mt="sm" variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Alert>
  );
}

/** Nothing is there, and that is no error: says why and what can be done. */
export const Empty = ({
  title,
  children,
  action,
}: {
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}) => (
  <div className="empty">
    <Text fw={600}>{title}</Text>
    {children !== undefined && (
      <Text size="sm" c="dimmed" component="div">
        {children}
      </Text>
    )}
    {action}
  </div>
);
