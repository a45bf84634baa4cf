import { Stack, Text } from "@mantine/core";
import { adviceOn, useHealth } from "../data/health.ts";
import { bytes } from "../data/format.ts";
import { useStorage } from "../data/queries.ts";
import type { Storage } from "../data/rows.ts";
import { useMay } from "../data/session.tsx";
import { Answer } from "../parts/answer.tsx";
import { Facts } from "../parts/facts.tsx";
import { ExactInstant } from "../parts/instant.tsx";
import { Page } from "../parts/page.tsx";
import { Plain } from "../parts/plain.tsx";
import { Section } from "../parts/section.tsx";
import { State } from "../parts/state.tsx";
import { Backups } from "./operations-backups.tsx";
import { Restore } from "./operations-restore.tsx";

/** The control plane's own keeping. */
export function Operations() {
  const mayReadStorage = useMay("storage:read");
  const mayReadBackups = useMay("backup:read");
  return (
    <Page title="Operations">
      <div className="grid two">
        <HealthSection />
        {mayReadStorage && <StorageSection />}
      </div>
      {mayReadBackups ? (
        <>
          <Backups />
          <Restore />
        </>
      ) : (
        <Text size="sm" c="dimmed">
          Backups are for the roles operator and owner.
        </Text>
      )}
    </Page>
  );
}

function HealthSection() {
  const health = useHealth();
  return (
    <Section title="Health">
      <Answer of={health} lines={2}>
        {({ status, reasons, notices = [] }) => (
          <Stack gap="sm">
            <Text size="sm" component="div">
              <State state={status} />{" "}
              {reasons.length === 0 && "The store takes writes, devices can connect, and every loop goes round."}
            </Text>
            {[...reasons, ...notices].map((reason) => (
              <Text key={reason} size="sm">
                <strong>
                  <Plain text={reason} />
                </strong>
                . {adviceOn(reason)}
              </Text>
            ))}
            <Text size="sm" c="dimmed">
              Programs that watch are told the same at <code>/healthz</code>, with status 503 when it has failed.
            </Text>
          </Stack>
        )}
      </Answer>
    </Section>
  );
}

function StorageSection() {
  const storage = useStorage();
  return (
    <Section title="Storage">
      <Answer of={storage}>
        {(found) => (
          <Stack gap="sm">
            <Room of={found} />
            <Facts
              of={[
                ["State", <State key="state" state={found.state} />],
                ["Since", found.since === undefined ? "–" : <ExactInstant key="since" at={found.since} />],
                ["Free", `${bytes(found.freeBytes)} of ${bytes(found.totalBytes)}`],
                ["Alarm below", bytes(found.lowBelow)],
                ["Read-only below", bytes(found.readonlyBelow)],
                ["Ballast", `${bytes(found.ballastBytes)}, given away when the store needs room`],
              ]}
            />
          </Stack>
        )}
      </Answer>
    </Section>
  );
}

/** How much of the disk is used, with a mark at either threshold. */
const Room = ({ of: { freeBytes, totalBytes, lowBelow, readonlyBelow, state } }: { readonly of: Storage }) => {
  const usedAt = (free: number) => `${Math.max(0, Math.min(100, 100 - (100 * free) / Math.max(1, totalBytes)))}%`;
  return (
    <span className="room" data-state={state} aria-hidden="true">
      <span className="room-used" style={{ width: usedAt(freeBytes) }} />
      <span className="room-mark" style={{ left: usedAt(lowBelow) }} />
      <span className="room-mark" style={{ left: usedAt(readonlyBelow) }} />
    </span>
  );
};
