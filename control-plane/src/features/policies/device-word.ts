import type { policyStates } from "@edgemere/protocol";
import type { Next } from "@edgemere/protocol/policy";
import type { Alert } from "./alert-contract.ts";

/** How an alert stands by the word of the device that decides about it, and since when. */
export interface Word {
  readonly state: (typeof policyStates)[number];
  readonly at: number;
}

type Signal = Extract<Next, { do: "move" }>["signal"];

/**
 * What becomes of an alert by a device's word: what it takes to stand as the device says, one step after another, because a word in between
 * may be lost. Quiet: why what holds is no surprise now.
 */
export function nextByWord(
  row: Pick<Alert, "state" | "since" | "firedAt"> | undefined,
  { state, at }: Word,
  quiet: { readonly until: number } | undefined,
): readonly Next[] {
  const from = row?.state ?? "resolved";
  const to = quiet !== undefined && state !== "resolved" ? "maintenance" : state;
  const dueAt = to === "maintenance" ? quiet?.until : undefined;
  if (from === to) return [{ do: "stay", dueAt }];
  if (to === "resolved" && row?.firedAt === undefined && from !== "nodata") return [{ do: "drop" }];
  return signals(from, to).map((signal, place) => ({
    do: "move",
    signal,
    since: from === "resolved" || place > 0 ? at : (row?.since ?? at),
    ...(signal === "recover" && { clearedAt: at }),
    dueAt,
  }));
}

function signals(from: Alert["state"], to: Alert["state"]): readonly Signal[] {
  const isCounting = from === "firing" || from === "recovering";
  if (to === "maintenance") return ["suspend"];
  if (to === "resolved") return ["resolve"];
  if (to === "firing") return ["fire"];
  if (to === "pending") return isCounting ? ["resolve", "wait"] : ["wait"];
  return from === "firing" ? ["recover"] : ["fire", "recover"];
}
