import { Alert, Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { Link } from "wouter";
import { bytes, duration } from "../data/format.ts";
import { useRead, useWrite } from "../data/queries.ts";
import { explainReason, explainState } from "../data/reasons.ts";
import type { CommandRow } from "../data/rows.ts";
import { useMay } from "../data/session.tsx";
import { Answer, Failure, Loading } from "./answer.tsx";
import { CommandSteps } from "./command-steps.tsx";
import { Facts } from "./facts.tsx";
import { ExactInstant } from "./instant.tsx";
import { JobApproval } from "./job-approval.tsx";
import { JobOutput } from "./job-output.tsx";
import type { Job } from "./job-table.tsx";
import { Json } from "./json.tsx";
import { Plain } from "./plain.tsx";
import { Section } from "./section.tsx";

const writesOutput = ({ kind }: CommandRow): boolean =>
  kind === "exec" ||
  kind === "script" ||
  kind === "log.collect" ||
  kind === "network.change" ||
  kind.startsWith("package.");
// Loaded where there is a terminal, and nowhere else.
const JobTerminal = lazy(async () => ({ default: (await import("./job-terminal.tsx")).JobTerminal }));
const JobRecording = lazy(async () => ({ default: (await import("./job-recording.tsx")).JobRecording }));

/** A job as it goes: state, output, result. */
export function JobView({ id, isOwnPage = false }: { readonly id: string; readonly isOwnPage?: boolean }) {
  const job = useRead("cpl/dm/job/find", { job: id }, { every: 10_000 });
  const cancel = useWrite("cpl/dm/job/cancel");
  const may = useMay("job:create");
  return (
    <Answer of={job}>
      {({ job, commands }) => (
        <Stack>
          {job.state === "awaitingapproval" && <JobApproval job={job} />}
          {job.decision && <DecisionOn decision={job.decision} />}
          {job.kind === "terminal.open" && <TerminalOf job={job} command={commands[0]} />}
          {commands.map((command) => (
            <Section
              key={command.id}
              title={command.kind}
              aside={
                <Group gap="sm">
                  {!isOwnPage && (
                    <Anchor component={Link} href={`/jobs/${encodeURIComponent(job.id)}`} size="sm">
                      Page of the job
                    </Anchor>
                  )}
                  {job.state === "running" && (
                    <Button
                      size="compact-sm"
                      color="red"
                      variant="outline"
                      disabled={!may || command.cancelRequested}
                      loading={cancel.isPending}
                      onClick={() => cancel.mutate({ job: job.id })}
                    >
                      {command.cancelRequested ? "Stopping…" : "Cancel"}
                    </Button>
                  )}
                </Group>
              }
            >
              <CommandView command={command} />
            </Section>
          ))}
          {cancel.isError && <Failure error={cancel.error} />}
        </Stack>
      )}
    </Answer>
  );
}

/** Where a terminal is sat at, and later played. */
function TerminalOf({ job, command }: { readonly job: Job; readonly command: CommandRow | undefined }) {
  const mayPlay = useMay("recording:read");
  // Whoever sits at it reads on what it showed last.
  const [isLive] = useState(job.state === "running" || job.state === "awaitingapproval");
  const isOver = job.state !== "running" && job.state !== "awaitingapproval";
  return (
    <Suspense fallback={<Loading lines={6} />}>
      {isLive && <JobTerminal job={job.id} />}
      {isOver && mayPlay && command?.startedAt !== undefined && <JobRecording command={command.id} />}
    </Suspense>
  );
}

const DecisionOn = ({ decision }: { readonly decision: NonNullable<Job["decision"]> }) => (
  <Text size="sm">
    {decision.isApproved ? "Approved" : "Refused"} by <Plain text={decision.by} /> <ExactInstant at={decision.at} />
    {decision.reason !== "" && (
      <>
        : <Plain text={decision.reason} />
      </>
    )}
  </Text>
);

const LateResult = ({ late }: { readonly late: NonNullable<CommandRow["lateResult"]> }) => (
  <Alert color="yellow" title="Later its device told another end">
    <Text size="sm">
      It said {late.state} at <ExactInstant at={late.receivedAt} />.{" "}
      {late.reason !== "" && <Plain text={explainReason(late.reason)} />} The end above counts; this is kept as
      evidence.
    </Text>
    {late.detail !== "" && (
      <Text size="sm" c="dimmed">
        <Plain text={late.detail} />
      </Text>
    )}
    {late.result && <Json value={late.result} label="Late result" />}
  </Alert>
);

const CommandView = ({ command }: { readonly command: CommandRow }) => (
  <Stack gap="sm">
    <CommandSteps state={command.state} wasStarted={command.startedAt !== undefined} />
    <Text size="sm" role="status">
      {explainState(command.state)}
      {command.reason !== "" && (
        <>
          {" "}
          <Plain text={explainReason(command.reason)} />
        </>
      )}
    </Text>
    {command.detail !== "" && (
      <Text size="sm" c="dimmed">
        <Plain text={command.detail} />
      </Text>
    )}
    <Facts
      of={[
        ["Job", <code key="job">{command.job}</code>],
        ["Made", <ExactInstant key="made" at={command.createdAt} />],
        ...(command.startedAt === undefined
          ? ([["Must start before", <ExactInstant key="expires" at={command.expiresAt} />]] as const)
          : ([["Started", <ExactInstant key="started" at={command.startedAt} />]] as const)),
        ...(command.startedAt !== undefined && command.finishedAt !== undefined
          ? ([["Took", duration(command.finishedAt - command.startedAt)]] as const)
          : []),
        ["May run", duration(command.runTimeout)],
        ["By", <Plain key="by" text={command.author} />],
        ...(command.outputBytes > 0 ? ([["Output", bytes(command.outputBytes)]] as const) : []),
      ]}
    />
    {Object.keys(command.arguments).length > 0 && <Json value={command.arguments} label="Arguments" />}
    {writesOutput(command) && <JobOutput job={command.job} />}
    {command.result && <Json value={command.result} label="Result" />}
    {command.lateResult && <LateResult late={command.lateResult} />}
  </Stack>
);
