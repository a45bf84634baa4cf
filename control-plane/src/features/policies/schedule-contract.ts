import { Type, type Static } from "@sinclair/typebox";
import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import { Problem } from "../../platform/problem.ts";
import { zoneOf } from "../../platform/wall-clock.ts";

const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const Time = (description: string) => Type.String({ pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$", description });

/** When something counts, by the wall clock of one time zone. */
export const Schedule = Type.Object(
  {
    zone: Type.String({
      maxLength: 64,
      description: "Time zone: Europe/Berlin; device: that of each device, by its label timezone or its inventory",
    }),
    days: Type.Array(Type.Union(weekdays.map((each) => Type.Literal(each))), {
      minItems: 1,
      maxItems: 7,
      description: "Days of the week on which it begins",
    }),
    from: Time("When it begins there: 08:00"),
    to: Time("When it ends there: 18:00; not after from: on the next day"),
  },
  { additionalProperties: false, description: "Counts in these hours only; absent: always" },
);
export type Schedule = Static<typeof Schedule>;

/** Stands for the zone of each device. */
const OF_DEVICE = "device";
export const isOfDevice = ({ zone }: Schedule): boolean => zone === OF_DEVICE;

/** Throws Problem where there is no such time zone. */
export function refuseZone({ zone }: Schedule): void {
  if (zone !== OF_DEVICE && zoneOf(zone) === undefined)
    throw new Problem("invalid-input", `there is no time zone "${zone}"; write one as Europe/Berlin`);
}

/** Undefined within its hours; else when they begin next, milliseconds since 1970. `own` is the zone of the device that it is about. */
export function beginsAt(schedule: Schedule, now: number, own = ""): number | undefined {
  const zone = zoneOf(isOfDevice(schedule) ? own : schedule.zone);
  // A zone that was known once and is none any more holds nothing back.
  if (zone === undefined) return undefined;
  const [from, to] = [timeOf(schedule.from), timeOf(schedule.to)];
  const today = zone.at(now).day;
  let next = Infinity;
  // Yesterday's may still go on; one of a week comes back each seventh day.
  for (let day = today - 1; day <= today + 7; day++) {
    if (!schedule.days.some((each) => each === weekdayOf(day))) continue;
    const begin = zone.instantOf({ day, time: from });
    const end = zone.instantOf({ day: to > from ? day : day + 1, time: to });
    if (begin <= now && now < end) return undefined;
    if (begin > now) next = Math.min(next, begin);
  }
  return next === Infinity ? now + DAY : next;
}

/** 1970-01-01 was a Thursday. */
const weekdayOf = (day: number) => weekdays[(((day + 3) % 7) + 7) % 7];

const timeOf = (text: string): number => {
  const [hour = 0, minute = 0] = text.split(":").map(Number);
  return hour * HOUR + minute * MINUTE;
};
