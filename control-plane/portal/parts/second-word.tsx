import { Button, Group } from "@mantine/core";
import { useMay } from "../data/session.tsx";

interface Word {
  readonly say: () => void;
  readonly isPending: boolean;
}

/** The two words that a second person can say to what waits for one. */
export function SecondWord({ approve, refuse }: { readonly approve: Word; readonly refuse: Word }) {
  const may = useMay("job:approve");
  return (
    <Group gap="sm">
      <Button size="compact-sm" disabled={!may} loading={approve.isPending} onClick={approve.say}>
        Approve
      </Button>
      <Button
        size="compact-sm"
        color="red"
        variant="outline"
        disabled={!may}
        loading={refuse.isPending}
        onClick={refuse.say}
      >
        Refuse
      </Button>
    </Group>
  );
}
