import { Type } from "@sinclair/typebox";

/** One thing that was looked at. */
export interface Cause {
  readonly text: string;
  /** Since when it is so, or when it was. */
  readonly at?: number;
  /** When time alone changes it. */
  readonly until?: number;
}

/** What every explanation answers. */
export const explanation = {
  answer: Type.String({ description: "The first cause, in words" }),
  until: Type.Optional(Type.Integer({ description: "When it could change; absent where nobody knows" })),
  causes: Type.Array(
    Type.Object({ text: Type.String(), at: Type.Optional(Type.Integer()), until: Type.Optional(Type.Integer()) }),
    { description: "All that was looked at, the first cause first" },
  ),
};

/** The answer to "why": what was looked at, the first cause first. */
export const explainedBy = (first: Cause, ...others: readonly Cause[]) => ({
  answer: first.text,
  ...(first.until !== undefined && { until: first.until }),
  causes: [first, ...others].map((each) => ({ ...each })),
});
