import type { Family } from "../platform/figures.ts";

/** The two forms that scrapers ask for. */
type Format = "text" | "openmetrics";

/** What stands in `Content-Type`. */
export const contentTypes: Readonly<Record<Format, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** What an `Accept` header asks for: OpenMetrics where it is named and not refused, else the older text. */
export const formatFor = (accept = ""): Format =>
  accept.split(",").some((each) => {
    const [type = "", ...parameters] = each.split(";").map((part) => part.trim().toLowerCase());
    return type === "application/openmetrics-text" && !parameters.some((part) => /^q=0(\.0*)?$/.test(part));
  })
    ? "openmetrics"
    : "text";

/**
 * Figures as text: Prometheus 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/) or OpenMetrics 1.0. They
 * differ in how a counter's family is called, and in the end that tells a whole answer from a part of one.
 */
export function exposition(families: readonly Family[], format: Format): string {
  const lines = families.flatMap(({ name, help, type, samples }) => {
    const called = format === "text" && type === "counter" ? `${name}_total` : name;
    return [
      `# HELP ${called} ${escapedHelp(help, format)}`,
      `# TYPE ${called} ${type}`,
      ...samples.map(({ suffix, labels, value }) => `${name}${suffix}${labelsText(labels)} ${valueText(value)}`),
    ];
  });
  return [...lines, ...(format === "openmetrics" ? ["# EOF"] : []), ""].join("\n");
}

// Names of devices and instances are what somebody wrote: they must end no line and no value, and control no terminal.
const harmless = (text: string): string => text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
const escapedHelp = (text: string, format: Format): string => {
  const escaped = harmless(text).replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return format === "openmetrics" ? escaped.replaceAll('"', '\\"') : escaped;
};
const escapedValue = (text: string): string =>
  harmless(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

function labelsText(labels: Family["samples"][number]["labels"]): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapedValue(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const valueText = (value: number): string =>
  Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? "+Inf" : "-Inf";
