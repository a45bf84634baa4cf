import { Alert, Anchor, Stack } from "@mantine/core";
import { Link } from "wouter";
import { counted } from "../data/format.ts";
import { useRead } from "../data/queries.ts";
import { useMay } from "../data/session.tsx";

const AT_MOST = 50;

/** What waits for somebody's word, with the way there; nothing where nothing does. */
export function WaitingWork() {
  const jobs = useRead("cpl/dm/job/awaiting", { limit: AT_MOST }, { enabled: useMay("job:read") });
  const devices = useRead("cpl/dm/device/waiting", { limit: AT_MOST }, { enabled: useMay("device:read") });
  const waiting = [
    { to: "/jobs", of: jobs.data, noun: "job", rest: "for a second person" },
    { to: "/devices", of: devices.data, noun: "device", rest: "for a decision about who it is" },
  ].filter(({ of }) => of !== undefined && of.items.length > 0);
  if (waiting.length === 0) return null;
  return (
    <Alert color="yellow" title="Waiting">
      <Stack gap={4}>
        {waiting.map(({ to, of, noun, rest }) => {
          const count = of?.items.length ?? 0;
          return (
            <Anchor key={to} component={Link} href={to} size="sm">
              {of?.next !== undefined && "More than "}
              {counted(count, noun)} {count === 1 ? "waits" : "wait"} {rest}
            </Anchor>
          );
        })}
      </Stack>
    </Alert>
  );
}
