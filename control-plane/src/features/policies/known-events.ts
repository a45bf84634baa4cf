import { refusal } from "../../platform/expression.ts";
import { Mistake } from "../../platform/expression-mistake.ts";
import { declaredTables, eventsOf, isResource } from "../../platform/resource.ts";
import type { WatchedPolicy } from "./watched-policy.ts";

/** Throws Problem where a condition counts what never happens; when it is saved only: what was saved goes on with what else it says. */
export function refuseUnknownEvents(condition: string, { events }: Pick<WatchedPolicy["condition"], "events">): void {
  const known = new Set(declaredTables().filter(isResource).flatMap(eventsOf));
  const wrong = events.find(({ type }) => !known.has(type));
  if (wrong === undefined) return;
  const { type } = wrong;
  const ofClass = [...known].filter((each) => each.startsWith(`${type.split(".", 1)[0] ?? ""}.`));
  const others = ofClass.length === 0 ? "" : `; there are ${ofClass.join(", ")}`;
  throw refusal(condition, new Mistake(`no event is called "${type}"${others}`, condition.indexOf(type)));
}
