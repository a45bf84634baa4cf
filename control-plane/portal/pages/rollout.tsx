import { Alert, Anchor, Stack, Text } from "@mantine/core";
import { Link, useParams } from "wouter";
import { useRead } from "../data/queries.ts";
import { Answer } from "../parts/answer.tsx";
import { Facts } from "../parts/facts.tsx";
import { ExactInstant } from "../parts/instant.tsx";
import { Json } from "../parts/json.tsx";
import { Page } from "../parts/page.tsx";
import { Plain } from "../parts/plain.tsx";
import { RolloutApproval, RolloutControls } from "../parts/rollout-controls.tsx";
import { RolloutTargets } from "../parts/rollout-targets.tsx";
import { RolloutWaves, type Rollout as Row } from "../parts/rollout-waves.tsx";
import { Section } from "../parts/section.tsx";
import { State } from "../parts/state.tsx";

const PAUSED: Readonly<Record<string, string>> = {
  "paused-by-person": "Somebody paused it.",
  "paused-by-threshold": "Too few devices of the wave succeeded. Resume goes on in spite of that.",
  "paused-by-canary": "The comparison with untouched devices came to no end. Resume goes on without it.",
};

/** One rollout, as it goes. */
export function Rollout() {
  const { rollout: id = "" } = useParams();
  const found = useRead("cpl/dm/rollout/find", { rollout: id }, { every: 10_000 });
  return (
    <Answer of={found} lines={8}>
      {(rollout) => (
        <Page
          title={`Rollout of ${rollout.kind}`}
          trail={[{ label: "Rollouts", to: "/rollouts" }]}
          badge={<State state={rollout.state} />}
          actions={<RolloutControls rollout={rollout} />}
        >
          <Stack>
            {rollout.state === "approving" && <RolloutApproval rollout={rollout} />}
            {rollout.pausedBy !== "" && <Alert color="yellow">{PAUSED[rollout.pausedBy]}</Alert>}
            {rollout.stop && <Stopped stop={rollout.stop} />}
            {rollout.undoneBy && (
              <Alert color="yellow">
                What had begun is undone by <OtherRollout id={rollout.undoneBy.rollout} />.
              </Alert>
            )}
            {rollout.undoes && (
              <Alert color="blue">
                It undoes <OtherRollout id={rollout.undoes.rollout} />, the newest wave first.
              </Alert>
            )}
            <Section title="Waves">
              <RolloutWaves rollout={rollout} />
            </Section>
            <Section title="Devices">
              <RolloutTargets rollout={rollout.id} />
            </Section>
            <Section title="What was asked">
              <Facts
                of={[
                  ["Which", <Plain key="which" text={rollout.selector ?? "devices by name"} />],
                  ["Mode", rollout.mode],
                  ["By", <Plain key="by" text={rollout.author} />],
                  ["Made", <ExactInstant key="made" at={rollout.createdAt} />],
                  ["Stopped at the latest", <ExactInstant key="ends" at={rollout.endsAt} />],
                ]}
              />
              <Json value={rollout.arguments} label="Arguments" />
              <Json value={rollout.spec} label="How" />
            </Section>
          </Stack>
        </Page>
      )}
    </Answer>
  );
}

const OtherRollout = ({ id }: { readonly id: string }) => (
  <Anchor component={Link} href={`/rollouts/${encodeURIComponent(id)}`} size="sm">
    the rollout {id}
  </Anchor>
);

const Stopped = ({ stop }: { readonly stop: NonNullable<Row["stop"]> }) => (
  <Alert color="red" title={`Stopped: ${stop.reason}`}>
    <Text size="sm">
      By <Plain text={stop.by} />, <ExactInstant at={stop.at} />
      {stop.detail !== "" && (
        <>
          : <Plain text={stop.detail} />
        </>
      )}
    </Text>
  </Alert>
);
