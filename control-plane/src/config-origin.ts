import { ConfigError, type Reader } from "@edgemere/protocol/config";

/** As browsers write it, whatever the case and a slash at its end. */
export const origin: Reader<string> = (value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  throw new ConfigError(`"${value}" is no origin; write it like https://edgemere.example`);
};
