import { isAbsolute } from "node:path";
import { ConfigError, duration, option, pair, repeatable, type Options, type Values } from "@edgemere/protocol/config";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { hostSources } from "./host/host.ts";
import { isWeb, probeTarget, urlOf, type NamedTarget } from "./telemetry/probe-target.ts";

/** What is measured beside the host itself. */
export const extraSourceOptions = {
  probe: repeatable(
    "TARGET",
    "Latency, jitter and loss of the way to tcp://host:port, http(s)://…, dns:name[@server] or icmp:host",
    probeTarget,
  ),
  script: repeatable("NAME=PROGRAM", "Program of this host, with arguments, that prints metrics", pair),
  "script-time": option("TIME", "How long such a program may run", "10s", duration(100, 5 * MINUTE)),
  scrape: repeatable("NAME=URL", "Prometheus endpoint of this host whose metrics are taken over", pair),
  "scrape-allow": repeatable("NAME=METRICS", "Those of its metrics that are taken, such as node_load* up [all]", pair),
} satisfies Options;

/** They are named beside the sources of the host, in `--every`. */
export const PROBES = "probes";
const PROBED_EVERY = 30 * SECOND;
const ASKED_EVERY = MINUTE;
const MOST_TARGETS = 32;
const MOST_NAMED = 16;

// First words of our own metrics, so that nothing else can pass for them.
const OUR_OWN =
  "cpu disk filesystem load memory network pressure probe processes program source swap system temperature threads";
const TAKEN = new Set<string>([...hostSources, PROBES, ...OUR_OWN.split(" ")]);

type Named = readonly [name: string, text: string];
type SourceValues = Values<typeof extraSourceOptions>;

/** The names that scripts and endpoints have here; throws ConfigError. */
export function extraNames({ script, scrape }: SourceValues): readonly string[] {
  const all = [...script.map(([name]) => ["--script", name]), ...scrape.map(([name]) => ["--scrape", name])] as const;
  const names = new Set<string>();
  for (const [flag = "", name = ""] of all) {
    if (!/^[a-z][a-z0-9_-]{0,31}$/.test(name))
      throw new ConfigError(`${flag} ${name}: a name is a small letter and up to 31 more, digits, - and _`);
    if (TAKEN.has(name))
      throw new ConfigError(`${flag} ${name}: that is what a source or a metric of the agent is called`);
    if (names.has(name)) throw new ConfigError(`${flag} ${name}: there is another script or endpoint of that name`);
    names.add(name);
  }
  if (names.size > MOST_NAMED) throw new ConfigError(`there are more than ${MOST_NAMED} scripts and endpoints`);
  return [...names];
}

/** The plans of all of them; `everyOf` gives what was said of a name, or its usual interval. */
export function extraPlansOf(values: SourceValues, everyOf: (name: string, usual: number) => number | undefined) {
  const { probe, script, scrape } = values;
  if (probe.length > MOST_TARGETS) throw new ConfigError(`--probe is given more than ${MOST_TARGETS} times`);
  const probedEvery = probe.length === 0 ? undefined : everyOf(PROBES, PROBED_EVERY);
  const timed = <T>(named: readonly Named[], plan: (each: Named) => T) =>
    named.flatMap((each) => {
      const every = everyOf(each[0], ASKED_EVERY);
      return every === undefined ? [] : [{ name: each[0], every, ...plan(each) }];
    });
  const scripts = timed(script, ([name, text]) => ({
    argv: argvOf(`--script ${name}`, text),
    within: values["script-time"],
  }));
  const allowed = allowedOf(values);
  const scrapes = timed(scrape, ([name, text]) => ({ url: endpointOf(name, text), allow: allowed.get(name) ?? ["*"] }));
  return {
    ...(probedEvery !== undefined && { probes: { every: probedEvery, targets: uniqueTargets(probe) } }),
    ...(scripts.length > 0 && { scripts }),
    ...(scrapes.length > 0 && { scrapes }),
  };
}

const uniqueTargets = (targets: readonly NamedTarget[]): readonly NamedTarget[] => [
  ...new Map(targets.map((target) => [target.text, target])).values(),
];

/** Words between blanks, or a list in JSON where a word has a blank in it. */
export function argvOf(where: string, text: string): readonly [string, ...string[]] {
  const [program = "", ...rest] = text.startsWith("[") ? listIn(where, text) : text.trim().split(/\s+/);
  if (!isAbsolute(program))
    throw new ConfigError(`${where}: the program must be a whole path, such as /usr/bin/${program}`);
  return [program, ...rest];
}

function listIn(where: string, text: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((each) => typeof each === "string")) return list;
  } catch {
    // Told below.
  }
  throw new ConfigError(`${where}: ${text} is no list of words such as ["/usr/bin/ups", "a word"]`);
}

function endpointOf(name: string, text: string): string {
  const url = urlOf(text);
  if (url === undefined || !isWeb(url))
    throw new ConfigError(`--scrape ${name}: "${text}" is no address such as http://127.0.0.1:9100/metrics`);
  return url.href;
}

function allowedOf({ scrape, "scrape-allow": allow }: SourceValues): ReadonlyMap<string, readonly string[]> {
  const allowed = new Map<string, readonly string[]>();
  for (const [name, text] of allow) {
    if (!scrape.some(([each]) => each === name))
      throw new ConfigError(`--scrape-allow ${name}: there is no --scrape ${name}`);
    const patterns = text.trim().split(/\s+/);
    const wrong = patterns.find((pattern) => !/^[A-Za-z0-9_:.]*\*?$/.test(pattern));
    if (wrong !== undefined)
      throw new ConfigError(`--scrape-allow ${name}: "${wrong}" is no metric, nor the beginning of one and *`);
    allowed.set(name, [...(allowed.get(name) ?? []), ...patterns]);
  }
  return allowed;
}
