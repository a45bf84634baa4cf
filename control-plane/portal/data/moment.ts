/** A moment, milliseconds since 1970, as date and time with its zone. */
export const momentText = (at: number, isUtc: boolean): string => (isUtc ? utc : local).format(at);

const style = { dateStyle: "short", timeStyle: "long" } as const;
const local = new Intl.DateTimeFormat(undefined, style);
const utc = new Intl.DateTimeFormat(undefined, { ...style, timeZone: "UTC" });
