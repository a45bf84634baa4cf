import type { Cause } from "../../platform/explanation.ts";
import type { DataInstance, DataRequest, DataReservation } from "./contract.ts";

/** What things are called by people. */
interface Names {
  readonly data: (id: string) => string;
  readonly source: (id: string) => string;
  readonly device: (id: string) => string;
}

/** All that came of a request. */
interface Come {
  readonly reservations: readonly DataReservation[];
  readonly instances: readonly DataInstance[];
}

/** Why a request is where it is: first what it waits for or why it ended, then each decision, then each piece. */
export function requestCauses(request: DataRequest, come: Come, names: Names): readonly [Cause, ...Cause[]] {
  return [
    standingOf(request, come, names),
    ...come.reservations.map((each) => decisionOf(each, names)),
    ...come.instances.map((each) => pieceOf(each, names)),
  ];
}

function standingOf(request: DataRequest, { reservations, instances }: Come, names: Names): Cause {
  const { state, reason, cause = "", nextTryAt, satisfiedAt, endsAt, updatedAt } = request;
  if (state === "needed") return { text: "nobody has looked yet for what it describes: that comes next" };
  if (state === "selected")
    return {
      text: `${reservations.length} that could be used are held for it, and are decided next`,
      ...(reservations.length > 0 && { until: Math.min(...reservations.map(({ expiresAt }) => expiresAt)) }),
    };
  if (state === "failed") return { text: `it failed, and is not tried again: ${reason}`, at: updatedAt };
  if (state === "completed") {
    const why = reason === "" ? "the time that it was needed for is over" : `was ${reason} before its time`;
    return { text: `it had its data, and ${why}`, at: updatedAt };
  }
  if (state === "satisfied" && cause !== "")
    return { text: `copies are missing: ${cause}`, ...(nextTryAt !== undefined && { until: nextTryAt }) };
  if (state === "satisfied")
    return {
      text: `it has its data: ${instances.length} stand where they are wanted, for as long as they are needed`,
      ...(satisfiedAt !== undefined && { at: satisfiedAt }),
      ...(endsAt !== undefined && { until: endsAt }),
    };
  const waiting = instances.filter((each) => each.state !== "ready");
  const [first] = waiting;
  if (first === undefined) return { text: "all its data is there: that is told next" };
  const { text, ...when } = pieceOf(first, names);
  return { text: `${waiting.length} of ${instances.length} are not there yet: ${text}`, ...when };
}

function decisionOf(
  { data, source, target, state, decision, reason, updatedAt }: DataReservation,
  names: Names,
): Cause {
  const where = `"${names.data(data)}" ${target === undefined ? `where it lies, in ${names.source(source)}` : `for ${names.source(target)}`}`;
  return {
    text: `${where}: ${decision ?? "not decided"}, ${state}${reason === "" ? "" : `: ${reason}`}`,
    at: updatedAt,
  };
}

function stands(decision: DataInstance["decision"], path: string): string {
  if (decision === "leave") return "lies there by itself";
  return decision === "mount" ? `is mounted at ${path}: what is read of it is fetched then` : `stands at ${path}`;
}

/** How an instance stands, and why. */
export function pieceOf(
  { name, device, state, decision, cause, tries, job, nextTryAt, path, updatedAt }: DataInstance,
  names: Pick<Names, "device">,
): Cause {
  const what = `"${name}" on ${names.device(device)}`;
  if (state === "ready") return { text: `${what} ${stands(decision, path)}`, at: updatedAt };
  const tried = tries === 0 ? "" : ` (tried ${tries} ${tries === 1 ? "time" : "times"})`;
  const waits = state === "placing" ? "is on its way" : `is ${state}`;
  return {
    text: `${what} ${waits}: ${cause === "" ? "it begins next" : cause}${tried}`,
    // While a device is at it, that it is looked at again changes nothing.
    ...(state === "placing" && tries > 0 && job === undefined && nextTryAt !== undefined && { until: nextTryAt }),
  };
}
