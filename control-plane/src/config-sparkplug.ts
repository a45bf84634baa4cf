import { isSparkplugName } from "@edgemere/protocol/sparkplug";
import { ConfigError, option, wholeNumber, type Options, type Reader, type Values } from "@edgemere/protocol/config";

/** Where Sparkplug B edge nodes connect. */
export interface SparkplugConfig {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** What they call this control plane. */
  readonly hostId: string;
}

const portOrOff: Reader<number | undefined> = (value) => (value === "off" ? undefined : wholeNumber(0, 65_535)(value));

const hostId: Reader<string> = (value) => {
  if (isSparkplugName(value)) return value;
  throw new ConfigError(`"${value}" is no host id; write one level of a topic, without "/", "+" and "#"`);
};

export const sparkplugOptions = {
  "sparkplug-host": option(
    "HOST",
    "Sparkplug B edge nodes connect here, over TLS with a password",
    "0.0.0.0",
    (value) => value,
  ),
  "sparkplug-port": option("PORT", "Usually 8885; off: nothing listens for them", "off", portOrOff),
  "sparkplug-host-id": option("NAME", "What edge nodes call their primary host", "edgemere", hostId),
} satisfies Options;

/** Undefined where nothing is to listen. */
export function sparkplugConfigOf(values: Values<typeof sparkplugOptions>): SparkplugConfig | undefined {
  const port = values["sparkplug-port"];
  return port === undefined ? undefined : { host: values["sparkplug-host"], port, hostId: values["sparkplug-host-id"] };
}
