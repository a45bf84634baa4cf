import { Button } from "@mantine/core";

/** Takes back one credential of a list. */
export const Revoke = (each: { readonly name: string; readonly isPending: boolean; readonly onRevoke: () => void }) => (
  <Button
    size="compact-xs"
    variant="outline"
    color="red"
    aria-label={`Revoke ${each.name}`}
    loading={each.isPending}
    onClick={each.onRevoke}
  >
    Revoke
  </Button>
);
