import { List, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { call } from "../data/client.ts";
import { useRead } from "../data/queries.ts";
import { Answer } from "../parts/answer.tsx";
import { Copyable } from "../parts/copyable.tsx";
import { ExactInstant } from "../parts/instant.tsx";
import { Section } from "../parts/section.tsx";

/** The way back, in words: it is walked where no portal runs. */
export function Restore() {
  const ready = useRead("ops/backup/list", { limit: 100 });
  const newest = ready.data?.items.find(({ state }) => state === "ready");
  return (
    <Section title="How to restore">
      <Text size="sm" mb="sm">
        A restore is done at the machine of the control plane, while it is stopped. Keep backups on another disk and
        this command where it is found without the portal.
      </Text>
      {newest && <Command backup={newest.id} />}
      <List size="sm" type="ordered" spacing={4} mt="sm">
        <List.Item>Stop the control plane, here and wherever else it may run.</List.Item>
        <List.Item>
          Run the command with the data folder in place of <code>DIR</code>. The whole backup is checked before anything
          is touched. With <code>--force</code> what is in the folder gives way, and is kept beside it; a sealed backup
          needs <code>--backup-passphrase FILE</code>.
        </List.Item>
        <List.Item>
          Start it. It is the next generation then: devices obey no older one. They come back by themselves and send
          again what they still keep; what is missing for ever is shown as a gap.
        </List.Item>
        <List.Item>
          Do again what was done after the backup: revoked tokens, disabled users and retired devices are valid again;
          devices enrolled since then enrol anew.
        </List.Item>
      </List>
    </Section>
  );
}

function Command({ backup }: { readonly backup: string }) {
  // Where a backup lies never changes: it is not asked again when another one is removed, or this one.
  const found = useQuery({
    queryKey: ["where a backup lies", backup],
    queryFn: async ({ signal }) => call("ops/backup/find", { backup }, signal),
    staleTime: Infinity,
  });
  return (
    <Answer of={found} lines={1}>
      {({ folder, file, backup: { createdAt } }) => (
        <>
          <Copyable
            label="The command that restores the newest backup"
            text={`edgemere-control-plane restore ${folder}/${file} --data DIR`}
          />
          <Text size="sm" c="dimmed" mt={4}>
            That is the newest backup, of <ExactInstant at={createdAt} />.
          </Text>
        </>
      )}
    </Answer>
  );
}
