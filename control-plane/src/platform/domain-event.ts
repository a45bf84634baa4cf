import { Type } from "@sinclair/typebox";

/** News of the domain, numbered in the order in which it was committed. */
export interface DomainEvent {
  /** From 1, without holes. */
  readonly number: number;
  /** `class.create`, `class.updated`, `class.destroy`, `class.<state>`. */
  readonly type: string;
  /** Id of the row it tells of. */
  readonly subject: string;
  readonly at: number;
  /** The row as it was committed; for destroy, as it last was. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Whether a pattern stands for an event's type: `device.online`, `device.*` for all of a class, `*` for everything. */
export const matchesType = (pattern: string, type: string): boolean =>
  pattern === "*" || pattern === type || (pattern.endsWith(".*") && type.startsWith(pattern.slice(0, -1)));

/** An event, as outputs of actions show it. */
export const EventShape = Type.Object({
  number: Type.Integer(),
  type: Type.String(),
  subject: Type.String(),
  at: Type.Integer(),
  data: Type.Record(Type.String(), Type.Unknown()),
});
