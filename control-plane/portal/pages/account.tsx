import { Button, Stack, Text } from "@mantine/core";
import { usePaging } from "../data/paging.ts";
import { useRead, useWrite } from "../data/queries.ts";
import { useSession } from "../data/session.tsx";
import { Answer, Failure } from "../parts/answer.tsx";
import { ChangePassword } from "../parts/change-password.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Instant } from "../parts/instant.tsx";
import { Page } from "../parts/page.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";
import { Section } from "../parts/section.tsx";

/** Where somebody is signed in, and with what. */
export function Account() {
  const { actor, proof } = useSession();
  return (
    <Page title={`Account ${actor.replace(/^user:/, "")}`}>
      <Stack>
        <Sessions />
        <Section title="Password">
          {proof === "password" ? (
            <ChangePassword />
          ) : (
            <Text size="sm">
              You sign in with the account of your organisation. Its password is changed there, and none is kept here.
            </Text>
          )}
        </Section>
      </Stack>
    </Page>
  );
}

function Sessions() {
  const paging = usePaging("");
  const sessions = useRead("ia/session/list", {
    limit: 20,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  const end = useWrite("ia/session/end");
  const endAll = (
    <Button
      size="compact-sm"
      variant="outline"
      color="red"
      aria-label="End all sessions, this one too"
      title="This one too"
      onClick={() => end.mutate({})}
    >
      End all
    </Button>
  );
  return (
    <Section title="Where you are signed in" aside={endAll}>
      {end.isError && <Failure error={end.error} />}
      <Answer of={sessions}>
        {({ items, next, total }) => (
          <>
            <DataTable
              caption="Your sessions, newest first"
              rows={items}
              keyOf={({ id }) => id}
              columns={[
                { title: "From", cell: ({ address = "unknown" }) => <Plain text={address} /> },
                { title: "Began", cell: ({ createdAt }) => <Instant at={createdAt} /> },
                { title: "Ends", isMinor: "slightly", cell: ({ expiresAt }) => <Instant at={expiresAt} /> },
                {
                  title: "End it",
                  align: "right",
                  cell: ({ id, isThis }) =>
                    isThis ? (
                      <Text size="sm">This one</Text>
                    ) : (
                      <Button
                        size="compact-xs"
                        variant="outline"
                        color="red"
                        aria-label={`End session ${id}`}
                        loading={end.isPending && end.variables.id === id}
                        onClick={() => end.mutate({ id })}
                      >
                        End
                      </Button>
                    ),
                },
              ]}
            />
            <Pager paging={paging} next={next} shown={items.length} total={total} noun="session" />
          </>
        )}
      </Answer>
    </Section>
  );
}
