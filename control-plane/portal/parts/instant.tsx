import { exactTime, localTime, relativeTime } from "../data/format.ts";
import { useNow } from "../data/now.ts";

/** A moment as distance from now; pointing at it tells the exact time and its zone. */
export function Instant({ at }: { readonly at: number }) {
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={exactTime(at)}>
      {relativeTime(at, now)}
    </time>
  );
}

/** A moment as date and time in the reader's zone. */
export const ExactInstant = ({ at }: { readonly at: number }) => (
  <time dateTime={new Date(at).toISOString()} title={exactTime(at)}>
    {localTime(at)}
  </time>
);
