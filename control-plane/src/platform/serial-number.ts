/** One spelling of a serial number: TLS and certificates write it with and without leading zeros, in either case. */
export const serialOf = (text: string): string => text.toLowerCase().replace(/^0+(?=.)/, "");
