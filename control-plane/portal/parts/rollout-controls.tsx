import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useWrite } from "../data/queries.ts";
import { useMay, useSession } from "../data/session.tsx";
import { Failure } from "./answer.tsx";
import { Json } from "./json.tsx";
import { Plain } from "./plain.tsx";
import type { Rollout } from "./rollout-waves.tsx";
import { SecondWord } from "./second-word.tsx";

/** Pauses, resumes, cancels and rolls back. */
export function RolloutControls({ rollout: { id, state, spec, opened } }: { readonly rollout: Rollout }) {
  const pause = useWrite("cpl/dm/rollout/pause");
  const resume = useWrite("cpl/dm/rollout/resume");
  const cancel = useWrite("cpl/dm/rollout/cancel");
  const rollBack = useWrite("cpl/dm/rollout/rollback");
  const may = useMay("job:create");
  const failed = [pause, resume, cancel, rollBack].find(({ isError }) => isError);
  const isOpen = ["planned", "approving", "running", "paused"].includes(state);
  const isUndoable = spec.rollback !== undefined && opened > 0 && ["running", "paused", "stopped"].includes(state);
  return (
    <>
      <Group gap="sm">
        {state === "running" && (
          <Button
            size="xs"
            variant="default"
            disabled={!may}
            loading={pause.isPending}
            onClick={() => pause.mutate({ rollout: id })}
          >
            Pause
          </Button>
        )}
        {state === "paused" && (
          <Button size="xs" disabled={!may} loading={resume.isPending} onClick={() => resume.mutate({ rollout: id })}>
            Resume
          </Button>
        )}
        {isOpen && (
          <Button
            size="xs"
            color="red"
            variant="outline"
            disabled={!may}
            loading={cancel.isPending}
            onClick={() => cancel.mutate({ rollout: id })}
          >
            Cancel
          </Button>
        )}
        {isUndoable && (
          <Button
            size="xs"
            color="red"
            disabled={!may}
            loading={rollBack.isPending}
            onClick={() => rollBack.mutate({ rollout: id })}
          >
            Roll back
          </Button>
        )}
      </Group>
      {failed && <Failure error={failed.error} />}
    </>
  );
}

/** What exactly would be done, and the two words that a second person can say to it. */
export function RolloutApproval({ rollout }: { readonly rollout: Rollout }) {
  const approve = useWrite("cpl/dm/rollout/approve");
  const refuse = useWrite("cpl/dm/rollout/refuse");
  const isOwn = useSession().actor === rollout.author;
  const failed = [approve, refuse].find(({ isError }) => isError);
  return (
    <Alert color="yellow" title={`${rollout.kind} waits for a second person`}>
      <Stack gap="sm">
        <Text size="sm">
          <Plain text={rollout.author} /> wants this done on every device below. It begins when somebody else says yes.
        </Text>
        {!isOwn && (
          <SecondWord
            approve={{ say: () => approve.mutate({ rollout: rollout.id }), isPending: approve.isPending }}
            refuse={{ say: () => refuse.mutate({ rollout: rollout.id }), isPending: refuse.isPending }}
          />
        )}
        {Object.keys(rollout.arguments).length > 0 && <Json value={rollout.arguments} label="What exactly would run" />}
        {rollout.spec.rollback && <Json value={rollout.spec.rollback} label="What would undo it" />}
        {failed && <Failure error={failed.error} />}
      </Stack>
    </Alert>
  );
}
