import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { sitAtTerminal, type TerminalConnection, type TerminalNews } from "../../src/faces/client-terminal.ts";
import { explainReason } from "../data/reasons.ts";
import { Failure } from "./answer.tsx";
import { Plain } from "./plain.tsx";
import { TerminalScreen } from "./terminal-screen.tsx";

type News = TerminalNews | { readonly state: "lost"; readonly why: string };

/** The terminal that a job has asked for: sat at, and how it stands. */
export function JobTerminal({ job }: { readonly job: string }) {
  const [news, setNews] = useState<News>({ state: "waiting" });
  const [failure, setFailure] = useState<Error | undefined>(undefined);
  const [connection, setConnection] = useState<TerminalConnection | undefined>(undefined);
  return (
    <Stack gap="sm">
      <Group gap="sm" justify="space-between">
        <Text size="sm" role="status" aria-label="Terminal">
          <Plain text={wordsOf(news)} />
        </Text>
        {news.state !== "ended" && (
          <Button size="compact-sm" color="red" variant="outline" onClick={() => connection?.leave()}>
            End the terminal
          </Button>
        )}
      </Group>
      {failure !== undefined && <Failure error={failure} />}
      <TerminalScreen
        label="Terminal of the device"
        onReady={(terminal) => {
          const seat = sitAtTerminal({
            baseUrl: "",
            job,
            show: (text) => new Promise((shown) => terminal.write(text, shown)),
            tell: (told) => {
              setNews(told);
              if (told.state === "open") terminal.focus();
            },
            fail: setFailure,
          });
          const typing = terminal.onData((text) => seat.type(text));
          const sizing = terminal.onResize(({ cols: columns, rows }) => seat.resize({ columns, rows }));
          setConnection(seat);
          return () => {
            typing.dispose();
            sizing.dispose();
            seat[Symbol.dispose]();
          };
        }}
      />
      <Text size="sm" c="dimmed">
        What is shown is recorded. Shift and Tab leave the terminal.
      </Text>
    </Stack>
  );
}

function wordsOf(news: News): string {
  if (news.state === "waiting") return "The terminal waits for its device, or for a second person.";
  if (news.state === "open") return "The terminal is open.";
  if (news.state === "lost") return `The connection is lost and looked for: ${news.why}.`;
  const why = news.reason === "" ? news.detail : `${explainReason(news.reason)} ${news.detail}`;
  return `The terminal has ended: ${why}.`;
}
