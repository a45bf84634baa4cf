import { Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { CatalogueAction } from "../data/catalogue.ts";
import { client } from "../data/client.ts";
import { ConfirmByName } from "./confirm-by-name.tsx";
import { Json } from "./json.tsx";
import { SchemaForm } from "./schema-form.tsx";
import { Section } from "./section.tsx";
import { useState } from "react";

/** A generated form of one action, and its answer. */
export function ActionForm({ action }: { readonly action: CatalogueAction }) {
  const queries = useQueryClient();
  const [waiting, setWaiting] = useState<Record<string, unknown> | undefined>(undefined);
  const run = useMutation({
    mutationFn: async (input: Record<string, unknown>) => client.ask(action.path, input),
    onSuccess: () => (action.effect === "read" ? undefined : queries.invalidateQueries()),
  });
  const isDestroying = action.effect === "destroy";
  return (
    <div className="grid two">
      <Section title={action.summary}>
        {action.description !== undefined && (
          <Text size="sm" mb="sm">
            {action.description}
          </Text>
        )}
        <Text size="sm" c="dimmed" mb="sm">
          <code>POST /edgemere/{action.path}</code>, permission <code>{action.permission}</code>
        </Text>
        <SchemaForm
          schema={action.input}
          secrets={action.secrets ?? []}
          submit={action.effect === "read" ? "Ask" : isDestroying ? "Prepare" : "Do it"}
          isPending={run.isPending}
          error={run.error}
          onSubmit={(input) => (isDestroying ? setWaiting(input) : run.mutate(input))}
        />
        {waiting !== undefined && (
          <Stack mt="md" gap="sm">
            <Json value={waiting} label="Input" />
            <ConfirmByName
              button="Do it"
              title={action.summary}
              consequence="This cannot be undone."
              names={[action.path.split("/").at(-1) ?? action.path]}
              isDisabled={run.isPending}
              onConfirm={() => {
                setWaiting(undefined);
                run.mutate(waiting);
              }}
            />
          </Stack>
        )}
      </Section>
      <Section title="Answer">
        {run.data === undefined ? (
          <Text size="sm" c="dimmed">
            It appears here.
          </Text>
        ) : (
          <Json value={run.data} label="Answer" />
        )}
      </Section>
    </div>
  );
}
