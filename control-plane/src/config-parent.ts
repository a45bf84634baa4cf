import { resolve } from "node:path";
import {
  ConfigError,
  duration,
  option,
  repeatable,
  size,
  type Options,
  type Reader,
  type Values,
} from "@edgemere/protocol/config";
import { HOUR, SECOND } from "@edgemere/protocol/kit";
import { metricPattern, targetUrl } from "./config-outlets.ts";

/** The control plane that the windows of this one's devices are reported to. */
export interface ParentConfig {
  /** Where its portal is, like https://region.example.org. */
  readonly url: string;
  /** Its first line is sent as `Authorization`. */
  readonly authorizationFile: string;
  /** Only these metrics are reported, `x.*` for all that begin with `x.`; all when there are none. */
  readonly metrics: readonly string[];
  /** Milliseconds after which what changed is reported again. */
  readonly every: number;
}

const parentUrl: Reader<string> = (value) => {
  const url = new URL(targetUrl(value));
  if (url.pathname === "/" && url.search === "" && url.hash === "") return url.origin;
  throw new ConfigError(`"${value}" is no parent; write only where its portal is, like https://region.example.org`);
};

export const parentOptions = {
  parent: {
    takes: "URL",
    about: "Windows of devices are reported to the control plane whose portal is here",
    read: parentUrl,
  },
  "parent-authorization": {
    takes: "FILE",
    about: "The first line of this file goes with it: Bearer and an API token of the parent for telemetry:report",
    read: resolve,
  },
  "parent-metric": repeatable(
    "METRIC",
    "Only this metric is reported; filesystem.* is all that begin so [all]",
    metricPattern,
  ),
  "parent-every": option("TIME", "After how long what changed is reported", "5m", duration(SECOND, HOUR)),
  "child-room": option("SIZE", "Room for what one control plane below tells", "4GiB", size(1024 ** 2, 1024 ** 5)),
} satisfies Options;

export function parentConfigOf(
  values: Values<typeof parentOptions>,
  { hasWindows }: { readonly hasWindows: boolean },
): ParentConfig | undefined {
  const { parent: url, "parent-authorization": authorizationFile } = values;
  if (url === undefined) {
    if (authorizationFile === undefined) return undefined;
    throw new ConfigError("--parent-authorization is for nobody without --parent URL");
  }
  if (authorizationFile === undefined)
    throw new ConfigError(`--parent ${url} takes reports of nobody it does not know; give --parent-authorization FILE`);
  if (!hasWindows) throw new ConfigError("--parent is told of windows, and there are none with --windows-every off");
  return { url, authorizationFile, metrics: values["parent-metric"], every: values["parent-every"] };
}
