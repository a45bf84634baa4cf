import { reasons } from "@edgemere/protocol/reasons";

/** What each state of a command means, in words for people. */
const STATES: Readonly<Record<string, string>> = {
  queued: "It waits until the device can be offered it.",
  offered: "It was sent; the device has not confirmed it yet.",
  journaled: "The device has written it down and will run it, even over a power cut.",
  running: "The device is running it.",
  succeeded: "It was done.",
  failed: "It was run, and failed.",
  rejected: "The device refused to run it.",
  expired: "It was not started in time, and never will be.",
  cancelled: "It was stopped on request.",
  timedout: "It ran longer than allowed and was stopped.",
  interrupted: "The agent ended while it ran. It may have had an effect, and is not run again.",
  lost: "The device is gone or no longer knows of it; nobody can tell whether it ran.",
};

export const explainState = (state: string): string => STATES[state] ?? "";

/** Why it ended so; a word that is not of the list is shown as it is. */
export const explainReason = (reason: string): string =>
  `Reason: ${Object.hasOwn(reasons, reason) ? reasons[reason as keyof typeof reasons] : reason}.`;

/** The road of a command that goes well. */
export const COMMAND_ROAD = ["queued", "offered", "journaled", "running", "succeeded"] as const;
