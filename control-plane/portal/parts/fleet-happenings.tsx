import { Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { GAPS_OF, type FleetAsked, type FleetGaps, type ShownDevices } from "../data/fleet-happenings.ts";
import {
  askedText,
  gapsText,
  happeningsOf,
  isLost,
  joinedMarks,
  type FleetMark,
  type JoinedMarks,
} from "../data/fleet-marks.ts";
import { counted } from "../data/format.ts";
import { Failure } from "./answer.tsx";
import { useChartFrame } from "./chart-frame.ts";
import { Dialog } from "./dialog.tsx";
import { HappeningTable } from "./happening-table.tsx";
import { Instant } from "./instant.tsx";
import { Plain } from "./plain.tsx";
import { toneOf } from "./state.tsx";
import { around, Item, Lane, SIGNS } from "./time-lane.tsx";

/** More than these nobody reads. */
const ROWS_AT_MOST = 200;
/** There is no room for more digits. */
const COUNT_AT_MOST = 99;

/** What happened to the devices of a chart in its time: on a time line, close ones as one, and as a table. */
export function FleetHappenings({
  of: { total, hasMore },
  gaps,
  asked,
}: {
  /** The devices that the chart is about. */
  readonly of: Pick<ShownDevices, "total" | "hasMore">;
  readonly gaps: FleetGaps;
  readonly asked: FleetAsked;
}) {
  const { interval, isUtc, show } = useChartFrame();
  const error = gaps.error ?? asked.error;
  const [unrecorded, commands] = [joinedMarks(gaps.marks, interval), joinedMarks(asked.marks, interval)];
  return (
    <>
      <section className="time-line" aria-label="Time line">
        <Lane title="Not recorded" count={gaps.isPending ? undefined : countIn(unrecorded)}>
          {unrecorded.map((joined) => {
            const name = gapsText(joined, isUtc);
            return (
              <Item key={`${joined.from} ${joined.to}`} within={interval} of={joined}>
                <button
                  type="button"
                  className="gap-mark"
                  data-reason={joined.marks.some(isLost) ? "loss" : "silence"}
                  aria-label={name}
                  title={name}
                  onClick={() => show(around(joined))}
                />
              </Item>
            );
          })}
        </Lane>
        <Lane title="Commands" count={asked.isPending ? undefined : countIn(commands)}>
          {commands.map((joined) => (
            <Item key={joined.from} within={interval} of={joined}>
              <AskedMark of={joined} name={askedText(joined, isUtc)} onLook={() => show(around(joined))} />
            </Item>
          ))}
        </Lane>
      </section>
      {error !== null && <Failure error={error} />}
      <Group gap="sm" mb="sm">
        <AsTable gaps={gaps.marks} asked={asked.marks} />
        <Text size="sm" c="dimmed" component="div">
          {total > GAPS_OF && `Gaps are of the first ${GAPS_OF} of ${counted(total, "device")}. `}
          {hasMore && "Gaps of devices of other control planes are shown where lines are grouped by device. "}
          {gaps.unread.length > 0 && (
            <>
              This range is too long to look for gaps of <Plain text={gaps.unread.join(", ")} />.{" "}
            </>
          )}
          {asked.since !== undefined && asked.since > interval.from && (
            <>
              Commands are told since <Instant at={asked.since} />: before that there are too many.
            </>
          )}
        </Text>
      </Group>
    </>
  );
}

const countIn = (all: readonly JoinedMarks[]): number => all.reduce((sum, { marks }) => sum + marks.length, 0);

/** One leads to what was asked; several to a closer look. */
function AskedMark({
  of: { marks },
  name,
  onLook,
}: {
  readonly of: JoinedMarks;
  readonly name: string;
  readonly onLook: () => void;
}) {
  const [first] = marks;
  const look = { className: "command-mark", "aria-label": name, title: name };
  if (marks.length > 1)
    return (
      <button type="button" {...look} onClick={onLook}>
        {marks.length > COUNT_AT_MOST ? "…" : marks.length}
      </button>
    );
  const tone = toneOf(first?.state ?? "");
  return (
    <Link href={first?.link ?? ""} {...look} data-tone={tone}>
      <span aria-hidden="true">{SIGNS[tone]}</span>
    </Link>
  );
}

function AsTable({ gaps, asked }: { readonly gaps: readonly FleetMark[]; readonly asked: readonly FleetMark[] }) {
  const { interval } = useChartFrame();
  const [isOpen, setOpen] = useState(false);
  const happenings = isOpen ? happeningsOf(gaps, asked, interval) : [];
  return (
    <>
      <Button size="compact-xs" variant="subtle" onClick={() => setOpen(true)}>
        Time line as a table
      </Button>
      <Dialog title="What happened in this time" isOpen={isOpen} onClose={() => setOpen(false)}>
        <HappeningTable
          of={happenings.slice(0, ROWS_AT_MOST)}
          caption="What happened to the devices, newest first"
          empty="Nothing happened that is known"
        />
        {happenings.length > ROWS_AT_MOST && (
          <Text size="sm" c="dimmed">
            {counted(happenings.length - ROWS_AT_MOST, "more", "more")}: choose a shorter range.
          </Text>
        )}
      </Dialog>
    </>
  );
}
