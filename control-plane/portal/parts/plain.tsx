import { visible, visibleValue } from "../data/hostile-text.ts";

/** Text that somebody else wrote: shown in its own direction, with unseen characters named. */
export const Plain = ({ text }: { readonly text: string }) => <bdi className="plain">{visible(text)}</bdi>;

/** A value of any type. */
export const PlainValue = ({ value }: { readonly value: unknown }) => (
  <bdi className="plain">{visibleValue(value)}</bdi>
);
