import { Alert, Button, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useCatalogue } from "../data/catalogue.ts";
import { usePaging } from "../data/paging.ts";
import { useRead, useWrite } from "../data/queries.ts";
import { Answer, Empty, Failure } from "../parts/answer.tsx";
import { Copyable } from "../parts/copyable.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Icon } from "../parts/icon.tsx";
import { Instant } from "../parts/instant.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";
import { SchemaForm } from "../parts/schema-form.tsx";
import { Revoke } from "../parts/revoke.tsx";
import { State } from "../parts/state.tsx";

/** Credentials of programs. */
export function ApiTokens() {
  const paging = usePaging("");
  const tokens = useRead("ia/token/list", { limit: 50, ...(paging.cursor !== undefined && { cursor: paging.cursor }) });
  const revoke = useWrite("ia/token/revoke");
  return (
    <Stack>
      <MakeToken />
      {revoke.isError && <Failure error={revoke.error} />}
      <Answer of={tokens}>
        {({ items, next, total }) =>
          items.length === 0 ? (
            <Empty title="There is no API token">
              A program needs one to use REST, the event channel or MQTT events.
            </Empty>
          ) : (
            <>
              <DataTable
                caption="API tokens, newest first"
                rows={items}
                keyOf={({ id }) => id}
                columns={[
                  { title: "For", cell: ({ name }) => <Plain text={name} /> },
                  { title: "State", cell: ({ state }) => <State state={state} /> },
                  { title: "Owner", isMinor: true, cell: ({ owner }) => <Plain text={owner} /> },
                  { title: "May", isMinor: true, cell: ({ permissions }) => <Plain text={permissions.join(", ")} /> },
                  { title: "Ends", cell: ({ expiresAt }) => <Instant at={expiresAt} /> },
                  {
                    title: "Revoke",
                    align: "right",
                    cell: ({ id, name, state }) =>
                      state === "active" && (
                        <Revoke
                          name={name}
                          isPending={revoke.isPending && revoke.variables.id === id}
                          onRevoke={() => revoke.mutate({ id })}
                        />
                      ),
                  },
                ]}
              />
              <Pager paging={paging} next={next} shown={items.length} total={total} noun="token" />
            </>
          )
        }
      </Answer>
    </Stack>
  );
}

function MakeToken() {
  const [isOpen, setOpen] = useState(false);
  const catalogue = useCatalogue();
  const create = useWrite("ia/token/create");
  const close = () => {
    setOpen(false);
    create.reset();
  };
  return (
    <div>
      <Button leftSection={<Icon name="plus" />} onClick={() => setOpen(true)}>
        Make an API token
      </Button>
      <Dialog title="Make an API token" isOpen={isOpen} onClose={close}>
        {create.data ? (
          <Stack>
            <Copyable text={create.data.token} label="The token" />
            <Alert color="yellow">
              It is shown only now. It ends <Instant at={create.data.expiresAt} />.
            </Alert>
            <Text size="sm">
              Send it as <code>Authorization: Bearer …</code>
            </Text>
            <Button variant="default" onClick={close}>
              Done
            </Button>
          </Stack>
        ) : (
          <Answer of={catalogue}>
            {({ actions }) => (
              <SchemaForm
                schema={actions.find(({ path }) => path === "ia/token/create")?.input ?? {}}
                submit="Make it"
                isPending={create.isPending}
                error={create.error}
                onSubmit={(input) => create.mutate(input as { name: string })}
              />
            )}
          </Answer>
        )}
      </Dialog>
    </div>
  );
}
