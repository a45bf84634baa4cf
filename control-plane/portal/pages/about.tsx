import { Anchor, List, Stack, Text } from "@mantine/core";
import { useRead } from "../data/queries.ts";
import { useSession } from "../data/session.tsx";
import { Answer } from "../parts/answer.tsx";
import { Facts } from "../parts/facts.tsx";
import { Page } from "../parts/page.tsx";
import { Plain } from "../parts/plain.tsx";
import { Section } from "../parts/section.tsx";

/** What runs here, and where to read on. */
export function About() {
  const status = useRead("ia/status", {});
  const { actor, permissions } = useSession();
  return (
    <Page title="About">
      <Stack>
        <Section title="This control plane">
          <Answer of={status} lines={2}>
            {({ version }) => (
              <Facts
                of={[
                  ["Version", version],
                  ["Address", window.location.origin],
                  ["You", <Plain key="you" text={actor} />],
                  [
                    "You may",
                    permissions.includes("*") ? "everything" : <Plain key="may" text={permissions.join(", ")} />,
                  ],
                ]}
              />
            )}
          </Answer>
        </Section>
        <Section title="Other ways in">
          <Text size="sm" mb="xs">
            All that the portal does can be done by programs, with the same rights.
          </Text>
          <List size="sm">
            <List.Item>
              <Anchor href="/edgemere/docs" size="sm">
                Reference of the REST interface
              </Anchor>
            </List.Item>
            <List.Item>
              <Anchor href="/edgemere/openapi.json" size="sm">
                OpenAPI 3.1 description
              </Anchor>
            </List.Item>
            <List.Item>
              <code>edgemere --help</code>: the command line
            </List.Item>
            <List.Item>
              Events over socket.io at <code>/edgemere/socket.io</code>
            </List.Item>
          </List>
        </Section>
        <Section title="Keyboard">
          <Text size="sm">
            <kbd>?</kbd> shows all keys, <kbd>/</kbd> goes to the search field.
          </Text>
        </Section>
      </Stack>
    </Page>
  );
}
