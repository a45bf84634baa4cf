import { useRead } from "../data/queries.ts";
import { Answer } from "./answer.tsx";
import { DataTable } from "./data-table.tsx";
import { IdentityDecision } from "./identity-decision.tsx";
import { Plain } from "./plain.tsx";
import { Section } from "./section.tsx";
import { State } from "./state.tsx";

/** The devices about whose identity somebody has to decide; nothing where there are none. */
export function WaitingDevices() {
  const waiting = useRead("cpl/dm/device/waiting", { limit: 50 });
  return (
    <Answer of={waiting}>
      {({ items }) =>
        items.length > 0 && (
          <Section title="Waiting for a decision">
            <DataTable
              caption="Devices that wait for a decision"
              rows={items}
              keyOf={({ id }) => id}
              columns={[
                { title: "Name", cell: ({ name }) => <Plain text={name} /> },
                { title: "State", cell: ({ state }) => <State state={state} /> },
                { title: "Machine", isMinor: true, cell: ({ machineId }) => <Plain text={machineId || "–"} /> },
                { title: "Decision", cell: (device) => <IdentityDecision device={device} /> },
              ]}
            />
          </Section>
        )
      }
    </Answer>
  );
}
