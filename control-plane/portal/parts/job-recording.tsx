import { Button, Group, Stack, Text } from "@mantine/core";
import type { Terminal } from "@xterm/xterm";
import { useState } from "react";
import { terminalFilter } from "../../src/faces/client-terminal-filter.ts";
import { call } from "../data/client.ts";
import { recordedIn, type Recorded } from "../data/recording.ts";
import { useRead } from "../data/queries.ts";
import { Failure } from "./answer.tsx";
import { TerminalScreen } from "./terminal-screen.tsx";

/** Plays what a terminal has shown. */
export function JobRecording({ command }: { readonly command: string }) {
  const verdict = useRead("cpl/dm/recording/verify", { recording: command });
  const [recorded, setRecorded] = useState<Recorded | undefined>(undefined);
  const [failure, setFailure] = useState<Error | undefined>(undefined);
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => {
            setRecorded(undefined);
            readRecording(command).then(setRecorded, setFailure);
          }}
        >
          Play the recording
        </Button>
        {verdict.data && (
          <Text size="sm" role="status" aria-label="Recording">
            {verdict.data.isChained ? "It is as it was written" : "It was changed after it was written"}
            {verdict.data.device === "same" && ", and its device signed that it showed the same"}
            {verdict.data.device === "other" && ", and its device signed something else"}
            {!verdict.data.isWhole && "; it is cut off"}.
          </Text>
        )}
      </Group>
      {failure !== undefined && <Failure error={failure} />}
      {recorded !== undefined && (
        <TerminalScreen
          label="Recording"
          size={{ columns: recorded.columns, rows: recorded.rows }}
          onReady={(terminal) => play(recorded, terminal)}
        />
      )}
    </Stack>
  );
}

// Nobody waits longer than this for the next thing that was shown, milliseconds.
const LONGEST_PAUSE = 1_000;

/** Shows it as it went, pauses cut short; gives how to stop. */
function play({ shown }: Recorded, terminal: Terminal): () => void {
  const filter = terminalFilter();
  const encoder = new TextEncoder();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const next = (place: number) => {
    const piece = shown[place];
    if (piece === undefined) return;
    if (piece.size) terminal.resize(piece.size.columns, piece.size.rows);
    if (piece.text !== undefined) terminal.write(filter(encoder.encode(piece.text)));
    const pause = Math.min(LONGEST_PAUSE, ((shown[place + 1]?.at ?? piece.at) - piece.at) * 1_000);
    timer = setTimeout(() => next(place + 1), pause);
  };
  next(0);
  return () => clearTimeout(timer);
}

/** All of a recording, part by part. */
async function readRecording(id: string): Promise<Recorded> {
  let lines = "";
  let from: number | undefined = 0;
  while (from !== undefined) {
    const part: { readonly lines: string; readonly next?: number } = await call("cpl/dm/recording/play", {
      recording: id,
      from,
    });
    lines += part.lines;
    from = part.next;
  }
  return recordedIn(lines);
}
