import { Alert, Text } from "@mantine/core";
import { folderOf } from "../data/folder.ts";
import { useRead } from "../data/queries.ts";
import { explainReason, explainState } from "../data/reasons.ts";
import type { CommandRow } from "../data/rows.ts";
import { Answer, Empty } from "./answer.tsx";
import { FolderContent, type FolderWays } from "./folder-content.tsx";
import { Plain } from "./plain.tsx";

/** One look into a folder, as it goes. */
export function FolderLook({ job, ...ways }: FolderWays & { readonly job: string }) {
  const found = useRead("cpl/dm/job/find", { job }, { every: 10_000 });
  return (
    <Answer of={found}>
      {({ job: row, commands: [command] }) => {
        if (row.state === "awaitingapproval") return <Alert color="blue">A second person has to say yes first.</Alert>;
        if (command === undefined) return <Empty title="It was not carried out" />;
        const folder = command.state === "succeeded" ? folderOf(command) : undefined;
        return folder === undefined ? <HowItGoes of={command} /> : <FolderContent of={folder} {...ways} />;
      }}
    </Answer>
  );
}

const HowItGoes = ({ of: { state, reason, detail } }: { readonly of: CommandRow }) => (
  <Text size="sm" role="status">
    {explainState(state)}
    {reason !== "" && ` ${explainReason(reason)} `}
    {detail !== "" && <Plain text={detail} />}
  </Text>
);
