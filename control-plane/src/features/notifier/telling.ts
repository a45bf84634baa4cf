import type { Tellable, Told } from "./notice-contract.ts";
import type { Hearing } from "./tables.ts";

/** What happened to an alert: it came into a state that is told of, or its row is gone. */
export type Happened = Tellable | "destroy";

/** What a contact is to hear, by what it heard last; undefined where it is nothing new to it. Nothing is over that it never heard of. */
export function changeToTell(happened: Happened, heard: Hearing["change"] | undefined): Tellable | undefined {
  if (happened === "resolved" || happened === "destroy") return heard === undefined ? undefined : "resolved";
  return happened === heard ? undefined : happened;
}

/** Something that a contact is to hear, and the number of its event. */
export interface Telling {
  readonly number: number;
  readonly told: Told;
}

/** What goes into one message. */
export interface Parcel {
  readonly place: number;
  readonly told: readonly Told[];
}

/** A message holds no more: it stays readable, and a row small. */
export const TOGETHER_AT_MOST = 100;

/** What is new, on top of a message that may still grow: the first parcel is that one where there is one, and each is as full as it may be. */
export function parcels(open: Parcel | undefined, tellings: readonly Telling[]): readonly Parcel[] {
  const all: { place: number; told: Told[] }[] =
    open === undefined ? [] : [{ place: open.place, told: [...open.told] }];
  for (const { number, told } of tellings) {
    const last = all.at(-1);
    if (last === undefined || last.told.length >= TOGETHER_AT_MOST) all.push({ place: number, told: [told] });
    else last.told.push(told);
  }
  return all;
}
