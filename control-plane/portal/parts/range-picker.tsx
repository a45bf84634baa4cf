import { ActionIcon, Button, Group, Popover, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import {
  fieldInstant,
  fieldText,
  intervalFault,
  isLive,
  LASTS,
  panned,
  zoomed,
  type Interval,
} from "../data/chart-range.ts";
import type { ChartView } from "../data/chart-view.ts";
import { momentText } from "../data/moment.ts";
import { Icon } from "./icon.tsx";

/** Which time the charts of the page show, in which zone, and whether they go on by themselves. */
export function RangePicker({
  view: { range, isUtc, show, setUtc },
  interval,
}: {
  readonly view: ChartView;
  readonly interval: Interval;
}) {
  const live = isLive(range);
  const moves = [
    { name: "Earlier", icon: "earlier", to: () => panned(interval, -0.5) },
    { name: "Later", icon: "later", to: () => panned(interval, 0.5) },
    { name: "Zoom out", icon: "minus", to: () => zoomed(interval, 2) },
    { name: "Zoom in", icon: "plus", to: () => zoomed(interval, 0.5) },
  ] as const;
  return (
    <>
      <SegmentedControl
        aria-label="Time range"
        size="xs"
        className="ranges"
        data={LASTS.map(({ word, title }) => ({ value: word, label: title }))}
        value={live ? (LASTS.find(({ last }) => last === range.last)?.word ?? "") : ""}
        onChange={(word) => show({ last: LASTS.find((each) => each.word === word)?.last ?? LASTS[0].last })}
      />
      <FromTo interval={interval} isUtc={isUtc} onShow={show} />
      <Group gap={4} role="group" aria-label="Move through time">
        {moves.map(({ name, icon, to }) => (
          <ActionIcon key={name} variant="default" size={30} aria-label={name} title={name} onClick={() => show(to())}>
            <Icon name={icon} size={15} />
          </ActionIcon>
        ))}
      </Group>
      <Button
        size="xs"
        variant={live ? "default" : "filled"}
        leftSection={<Icon name={live ? "pause" : "play"} size={14} />}
        onClick={() => show(live ? interval : { last: nearestLast(interval) })}
      >
        {live ? "Pause" : "Go live"}
      </Button>
      <SegmentedControl
        aria-label="Time zone"
        size="xs"
        data={[
          { label: `Local (${new Intl.DateTimeFormat().resolvedOptions().timeZone})`, value: "local" },
          { label: "UTC", value: "utc" },
        ]}
        value={isUtc ? "utc" : "local"}
        onChange={(zone) => setUtc(zone === "utc")}
      />
      <Text size="sm" c="dimmed" className="shown-range" role="status">
        {live ? "Live" : `Paused: ${momentText(interval.from, isUtc)} – ${momentText(interval.to, isUtc)}`}
      </Text>
    </>
  );
}

/** The live range that shows about as much. */
const nearestLast = ({ from, to }: Interval): number =>
  (LASTS.find(({ last }) => last >= to - from) ?? LASTS.at(-1) ?? LASTS[0]).last;

function FromTo({
  interval,
  isUtc,
  onShow,
}: {
  readonly interval: Interval;
  readonly isUtc: boolean;
  readonly onShow: (interval: Interval) => void;
}) {
  const [texts, setTexts] = useState<{ readonly from: string; readonly to: string } | undefined>(undefined);
  const [from, to] = [fieldInstant(texts?.from ?? "", isUtc), fieldInstant(texts?.to ?? "", isUtc)];
  const error = intervalFault(from, to);
  const field = (name: "from" | "to", label: string) => (
    <TextInput
      type="datetime-local"
      size="xs"
      step={1}
      label={`${label}, ${isUtc ? "UTC" : "local time"}`}
      value={texts?.[name] ?? ""}
      error={name === "to" ? error : undefined}
      onChange={({ currentTarget: { value } }) => setTexts((before) => before && { ...before, [name]: value })}
    />
  );
  return (
    <Popover
      opened={texts !== undefined}
      onChange={(isOpen) => !isOpen && setTexts(undefined)}
      position="bottom-start"
      trapFocus
      withArrow
    >
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          onClick={() =>
            setTexts(
              texts === undefined
                ? { from: fieldText(interval.from, isUtc), to: fieldText(interval.to, isUtc) }
                : undefined,
            )
          }
        >
          From … to
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (error !== undefined || from === undefined || to === undefined) return;
            setTexts(undefined);
            onShow({ from, to });
          }}
        >
          <Stack gap="xs">
            {field("from", "From")}
            {field("to", "To")}
            <Button type="submit" size="xs" disabled={error !== undefined}>
              Show
            </Button>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
