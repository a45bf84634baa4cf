import { Button, Stack } from "@mantine/core";
import { useState } from "react";
import type { Input, Output } from "../../src/faces/client.ts";
import { useCatalogue } from "../data/catalogue.ts";
import { usePaging } from "../data/paging.ts";
import { useRead, useWrite } from "../data/queries.ts";
import { Answer, Failure } from "../parts/answer.tsx";
import { ConfirmByName } from "../parts/confirm-by-name.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Icon } from "../parts/icon.tsx";
import { Instant } from "../parts/instant.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";
import { saved } from "../parts/saved.ts";
import { SchemaForm } from "../parts/schema-form.tsx";
import { State } from "../parts/state.tsx";

/** People with accounts. */
export function Users() {
  const paging = usePaging("");
  const users = useRead("ia/user/list", { limit: 50, ...(paging.cursor !== undefined && { cursor: paging.cursor }) });
  const disable = useWrite("ia/user/disable", ({ name }) => saved(`The account ${name} is locked`));
  const enable = useWrite("ia/user/enable", ({ name }) => saved(`The account ${name} may sign in again`));
  return (
    <Stack>
      <MakeUser />
      {disable.isError && <Failure error={disable.error} />}
      {enable.isError && <Failure error={enable.error} />}
      <Answer of={users}>
        {({ items, next, total }) => (
          <>
            <DataTable
              caption="Users"
              rows={items}
              keyOf={({ id }) => id}
              columns={[
                { title: "Name", cell: ({ name }) => <Plain text={name} /> },
                { title: "State", cell: ({ state }) => <State state={state} /> },
                { title: "Roles", cell: (user) => <Plain text={rolesOf(user)} /> },
                { title: "Since", isMinor: true, cell: ({ createdAt }) => <Instant at={createdAt} /> },
                {
                  title: "Lock",
                  align: "right",
                  cell: ({ id, name, state }) =>
                    state === "disabled" ? (
                      <Button
                        size="xs"
                        variant="default"
                        aria-label={`Unlock ${name}`}
                        onClick={() => enable.mutate({ user: id })}
                      >
                        Unlock
                      </Button>
                    ) : (
                      <ConfirmByName
                        button="Lock"
                        title={`Lock the account ${name}`}
                        consequence="Its sessions and tokens end at once."
                        names={[name]}
                        isSmall
                        isDisabled={disable.isPending}
                        onConfirm={() => disable.mutate({ user: id })}
                      />
                    ),
                },
              ]}
            />
            <Pager paging={paging} next={next} shown={items.length} total={total} noun="user" />
          </>
        )}
      </Answer>
    </Stack>
  );
}

/** `viewer, operator for site=berlin` */
const rolesOf = ({ roles, limitedRoles }: Output<"ia/user/list">["items"][number]): string =>
  [...roles, ...limitedRoles.map(({ role, selector }) => `${role} for ${selector}`)].join(", ");

function MakeUser() {
  const [isOpen, setOpen] = useState(false);
  const catalogue = useCatalogue();
  const create = useWrite("ia/user/create", ({ name }) => {
    setOpen(false);
    saved(`The account ${name} is made`);
  });
  return (
    <div>
      <Button leftSection={<Icon name="plus" />} onClick={() => setOpen(true)}>
        Make an account
      </Button>
      <Dialog title="Make an account" isOpen={isOpen} onClose={() => setOpen(false)}>
        <Answer of={catalogue}>
          {({ actions }) => (
            <SchemaForm
              schema={actions.find(({ path }) => path === "ia/user/create")?.input ?? {}}
              secrets={["password"]}
              submit="Make it"
              isPending={create.isPending}
              error={create.error}
              onSubmit={(input) => create.mutate(input as Input<"ia/user/create">)}
            />
          )}
        </Answer>
      </Dialog>
    </div>
  );
}
