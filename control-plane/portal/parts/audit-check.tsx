import { Alert, Button, Group, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { checkAudit, type AuditVerdict } from "../data/audit.ts";
import { Failure } from "./answer.tsx";
import { Plain } from "./plain.tsx";

/** Checks the whole log, part by part, and says what was found. */
export function AuditCheck() {
  const [progress, setProgress] = useState("");
  const check = useMutation<AuditVerdict>({
    mutationKey: ["check the audit log"],
    mutationFn: async () => checkAudit((checked, entries) => setProgress(`${checked} of ${entries} entries checked`)),
    onSettled: () => setProgress(""),
  });
  return (
    <Group align="center">
      <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>
        Verify the log
      </Button>
      {check.isError && <Failure error={check.error} />}
      {check.data !== undefined && !check.isPending && <Verdict of={check.data} />}
      {(check.data === undefined || check.isPending) && (
        <Text size="sm" c="dimmed" role="status">
          {progress || "Follows the chain of hashes, and compares it with its copy and its signed heads."}
        </Text>
      )}
    </Group>
  );
}

const Verdict = ({ of: { entries, compared, heads, faults } }: { readonly of: AuditVerdict }) =>
  faults.length === 0 ? (
    <Alert color="teal" role="status" p="xs">
      The log is whole: no entry was changed, taken out, slipped in or cut off. {entries} entries, {compared} compared
      with the copy, {heads} signed heads.
    </Alert>
  ) : (
    <Alert color="red" role="alert" p="xs" title="The log is not whole">
      {faults.map(({ entry, place, kind, detail }) => (
        <Text key={`${place} ${entry} ${kind}`} size="sm">
          <strong>
            {place}, entry {entry}: {kind}
          </strong>
          . <Plain text={detail} />
        </Text>
      ))}
    </Alert>
  );
