import { Tabs } from "@mantine/core";
import type { ReactNode } from "react";
import { useLocation } from "wouter";

export interface Tab {
  readonly id: string;
  readonly title: string;
  readonly content: () => ReactNode;
}

/** Tabs whose choice stands in the address. */
export function RoutedTabs({
  base,
  tabs,
  chosen,
  label,
}: {
  /** Address of the page; the tab's id is put behind it. */
  readonly base: string;
  readonly tabs: readonly Tab[];
  readonly chosen: string | undefined;
  readonly label: string;
}) {
  const [, navigate] = useLocation();
  const current = tabs.find(({ id }) => id === chosen) ?? tabs[0];
  return (
    <Tabs value={current?.id ?? null} onChange={(id) => id !== null && navigate(`${base}/${id}`)} keepMounted={false}>
      <Tabs.List mb="md" aria-label={label}>
        {tabs.map(({ id, title }) => (
          <Tabs.Tab key={id} value={id}>
            {title}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map(({ id, content }) => (
        <Tabs.Panel key={id} value={id}>
          {content()}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
