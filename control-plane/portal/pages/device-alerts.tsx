import { Stack } from "@mantine/core";
import { useRead } from "../data/queries.ts";
import type { DeviceRow } from "../data/rows.ts";
import { useMay } from "../data/session.tsx";
import { AlertTable } from "../parts/alert-table.tsx";
import { Answer, Empty } from "../parts/answer.tsx";
import { Section } from "../parts/section.tsx";
import { SilenceDialog } from "../parts/silence-dialog.tsx";

/** Alerts of a device: those that are not over, then those that are. */
export function DeviceAlerts({ device }: { readonly device: DeviceRow }) {
  const may = useMay("policy:read");
  const alerts = useRead("sa/pe/alert/list", { device: [device.id], since: 0 }, { enabled: may });
  const open = useRead("sa/pe/alert/list", { device: [device.id] }, { enabled: may });
  if (!may) return <Empty title="Your account may not read policies">It needs the permission policy:read.</Empty>;
  return (
    <Stack>
      <Section title="Now" aside={<SilenceDialog device={device.id} name={device.name} />}>
        <Answer of={open}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="There is no alert on this device" />
            ) : (
              <AlertTable alerts={items} caption="Alerts of the device that are not over" />
            )
          }
        </Answer>
      </Section>
      <Section title="Over">
        <Answer of={alerts}>
          {({ items }) => {
            const over = items.filter(({ state }) => state === "resolved");
            return over.length === 0 ? (
              <Empty title="None was there in the last thirty days" />
            ) : (
              <AlertTable alerts={over} caption="Alerts of the device that are over" />
            );
          }}
        </Answer>
      </Section>
    </Stack>
  );
}
