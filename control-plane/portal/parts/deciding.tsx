import { Anchor, Text } from "@mantine/core";
import { Link } from "wouter";
import type { Output } from "../../src/faces/client.ts";
import { lookedText } from "../data/alerts.ts";
import { DataTable } from "./data-table.tsx";
import { Plain } from "./plain.tsx";

type Parts = NonNullable<Output<"sa/pe/policy/explaingroup">["deciding"]>;

/** The devices of a group that decide, by part of the condition. */
export const Deciding = ({ of: parts }: { readonly of: Parts }) => (
  <>
    {parts.map(({ what, devices, known, first }) => (
      <section key={what} aria-label={`Devices that decide ${what}`}>
        <Text size="sm" fw={600} mt="sm">
          <code>
            <Plain text={what} />
          </code>
        </Text>
        <Text size="xs" c="dimmed">
          {devices === first.length ? devices : `${first.length} of ${devices}`} that decide, of {known} of which it is
          known
        </Text>
        {first.length > 0 && (
          <DataTable
            caption="Devices that decide, those first that decide most"
            rows={first}
            keyOf={({ device }) => device}
            columns={[
              {
                title: "Device",
                cell: ({ device, name }) => (
                  <Anchor component={Link} href={`/devices/${encodeURIComponent(device)}/alerts`} size="sm">
                    <Plain text={name} />
                  </Anchor>
                ),
              },
              { title: "Value", align: "right", cell: ({ value }) => value?.toLocaleString() ?? "holds" },
              { title: "Saw", isMinor: true, cell: ({ looked }) => <Plain text={lookedText(looked) || "–"} /> },
            ]}
          />
        )}
      </section>
    ))}
  </>
);
