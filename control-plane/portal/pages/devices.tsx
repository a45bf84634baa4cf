import { Anchor, Button, Code, Popover, Stack, Text } from "@mantine/core";
import { Link, useSearchParams } from "wouter";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { describeError, isRefusal } from "../data/refusal.ts";
import type { DeviceRow } from "../data/rows.ts";
import { Answer, Empty } from "../parts/answer.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { DeviceSearch } from "../parts/device-search.tsx";
import { Enrol } from "../parts/enrol.tsx";
import { Icon } from "../parts/icon.tsx";
import { Instant } from "../parts/instant.tsx";
import { Labels } from "../parts/labels.tsx";
import { Page } from "../parts/page.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";
import { Presence } from "../parts/presence.tsx";
import { State } from "../parts/state.tsx";
import { WaitingDevices } from "../parts/waiting-devices.tsx";

const EXAMPLES = [
  ["site=berlin", "devices with this label"],
  ["site=berlin, role in (gw, edge)", "several labels at once"],
  ['presence == "online"', "what can be heard now"],
  ['"clock-wrong" in conditions', "with something wrong"],
  ['inventory["os.name"] == "Debian GNU/Linux"', "by a fact of the inventory"],
  ['name.startsWith("gw-") && state == "active"', "an expression over any field"],
] as const;

const chartsOf = (selector: string) =>
  selector === "" ? "/charts" : `/charts?${new URLSearchParams({ selector }).toString()}`;

/** The fleet, searched by the control plane. The search stands in the address. */
export function Devices() {
  const [parameters, setParameters] = useSearchParams();
  const selector = parameters.get("selector") ?? "";
  const search = (text: string) => setParameters(text.trim() === "" ? {} : { selector: text.trim() });
  const paging = usePaging(selector);
  const devices = useRead(
    "cpl/dm/device/list",
    { limit: 50, ...(selector !== "" && { selector }), ...(paging.cursor !== undefined && { cursor: paging.cursor }) },
    { keepPrevious: true },
  );
  const isSelectorWrong = isRefusal(devices.error, "invalid-input");
  return (
    <Page
      title="Devices"
      actions={
        <>
          <Anchor component={Link} href={chartsOf(selector)} size="sm">
            Charts of these
          </Anchor>
          <Enrol />
        </>
      }
    >
      <WaitingDevices />
      <DeviceSearch
        key={selector}
        selector={selector}
        onSearch={search}
        error={isSelectorWrong ? describeError(devices.error).detail : undefined}
      >
        <SearchHelp selector={selector} onSearch={search} />
      </DeviceSearch>
      {!isSelectorWrong && (
        <Answer of={devices} lines={8}>
          {({ items, next, total }) =>
            items.length === 0 ? (
              <Empty title={selector === "" ? "No device is enrolled yet" : "No device is like that"}>
                {selector === ""
                  ? "Choose “Enrol a device” and run the command it shows on any Linux host."
                  : "Change the search, or clear it to see all devices."}
              </Empty>
            ) : (
              <>
                <DataTable
                  caption="Devices"
                  rows={items}
                  keyOf={({ id }) => id}
                  linkOf={({ id }) => `/devices/${encodeURIComponent(id)}`}
                  columns={[
                    { title: "Name", cell: ({ name }) => <Plain text={name} /> },
                    { title: "Presence", cell: ({ presence }) => <Presence presence={presence} /> },
                    { title: "State", cell: (device) => <Standing of={device} /> },
                    { title: "Labels", cell: ({ labels }) => <Labels of={labels} />, isMinor: true },
                    { title: "Agent", cell: ({ agent }) => <Plain text={agent.version} />, isMinor: true },
                    {
                      title: "Last change",
                      cell: ({ presenceAt }) => <Instant at={presenceAt} />,
                      isMinor: "slightly",
                    },
                  ]}
                />
                <Pager paging={paging} next={next} shown={items.length} total={total} noun="device" />
              </>
            )
          }
        </Answer>
      )}
    </Page>
  );
}

/** Whether it is trusted, and what is wrong with it. */
const Standing = ({ of: { state, conditions = [] } }: { readonly of: DeviceRow }) => (
  <>
    <State state={state} />
    {conditions.length > 0 && (
      <Text size="xs" c="dimmed">
        <Plain text={conditions.join(", ")} />
      </Text>
    )}
  </>
);

interface SearchHelpProps {
  readonly selector: string;
  readonly onSearch: (text: string) => void;
}

/** A way back to all devices, and examples to begin with. */
const SearchHelp = ({ selector, onSearch }: SearchHelpProps) => (
  <>
    {selector !== "" && (
      <Button variant="subtle" onClick={() => onSearch("")}>
        Clear
      </Button>
    )}
    <Popover position="bottom-end" width={380} withArrow trapFocus>
      <Popover.Target>
        <Button variant="subtle" leftSection={<Icon name="help" />}>
          How to search
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <Text size="sm">Labels, joined by commas, or an expression. Examples:</Text>
          {EXAMPLES.map(([example, meaning]) => (
            <button key={example} type="button" className="example" onClick={() => onSearch(example)}>
              <Code>{example}</Code>
              <span>{meaning}</span>
            </button>
          ))}
          <Text size="xs" c="dimmed">
            Fields: id, name, state, presence, labels, inventory, agent_version, capabilities, conditions.
          </Text>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  </>
);
