import { Kbd, Table } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useState } from "react";
import { useLocation } from "wouter";
import { Dialog } from "./dialog.tsx";

const PLACES = [
  ["o", "/", "Overview"],
  ["d", "/devices", "Devices"],
  ["l", "/alerts", "Alerts"],
  ["p", "/policies", "Policies"],
  ["j", "/jobs", "Jobs"],
  ["r", "/rollouts", "Rollouts"],
  ["a", "/data", "Data"],
  ["e", "/events", "Events"],
] as const;

const focusSearch = () => document.querySelector<HTMLInputElement>("[data-search]")?.focus();

/** Keys for the whole portal, and the window that tells of them. */
export function Shortcuts() {
  const [isOpen, setOpen] = useState(false);
  const [, navigate] = useLocation();
  useHotkeys([
    ["/", focusSearch],
    ["shift+?", () => setOpen(true), { usePhysicalKeys: false }],
    ["?", () => setOpen(true)],
    ...PLACES.map(([key, path]) => [`alt+${key}`, () => navigate(path)] as [string, () => void]),
  ]);
  return (
    <Dialog title="Keyboard" isOpen={isOpen} onClose={() => setOpen(false)}>
      <Table>
        <Table.Tbody>
          <Shortcut keys={["/"]} meaning="Go to the search field of the page" />
          <Shortcut keys={["?"]} meaning="Show this" />
          {PLACES.map(([key, , title]) => (
            <Shortcut key={key} keys={["Alt", key.toUpperCase()]} meaning={title} />
          ))}
          <Shortcut keys={["←", "→"]} meaning="In a chart: move the cursor; with Shift, earlier and later" />
          <Shortcut keys={["+", "−"]} meaning="In a chart: zoom. A mouse drags over what is to be seen closer" />
          <Shortcut keys={["Esc"]} meaning="Close a window or menu" />
        </Table.Tbody>
      </Table>
    </Dialog>
  );
}

const Shortcut = ({ keys, meaning }: { readonly keys: readonly string[]; readonly meaning: string }) => (
  <Table.Tr>
    <Table.Td>
      {keys.map((key) => (
        <Kbd key={key} mr={4}>
          {key}
        </Kbd>
      ))}
    </Table.Td>
    <Table.Td>{meaning}</Table.Td>
  </Table.Tr>
);
