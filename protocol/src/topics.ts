import { limits } from "./limits.ts";

interface TopicRule {
  readonly pattern: string;
  /** up: a device says it; down: the control plane says it to a device; out: the control plane says it to subscribers. */
  readonly way: "up" | "down" | "out";
  readonly qos: 0 | 1;
  readonly maxBytes: number;
}

/** Every MQTT topic. The access rules of the broker are read from this table. */
export const topics = {
  hello: { pattern: "edgemere/v1/{device}/up/hello", way: "up", qos: 1, maxBytes: 64 * 1024 },
  bye: { pattern: "edgemere/v1/{device}/up/bye", way: "up", qos: 1, maxBytes: 1024 },
  telemetry: { pattern: "edgemere/v1/{device}/up/telemetry", way: "up", qos: 1, maxBytes: limits.messageBytes },
  event: { pattern: "edgemere/v1/{device}/up/event", way: "up", qos: 1, maxBytes: limits.messageBytes },
  result: { pattern: "edgemere/v1/{device}/up/result", way: "up", qos: 1, maxBytes: limits.messageBytes },
  log: { pattern: "edgemere/v1/{device}/up/log", way: "up", qos: 1, maxBytes: limits.messageBytes },
  terminal: { pattern: "edgemere/v1/{device}/up/terminal", way: "up", qos: 0, maxBytes: limits.commandBytes },
  sync: { pattern: "edgemere/v1/{device}/down/sync", way: "down", qos: 1, maxBytes: limits.messageBytes },
  command: { pattern: "edgemere/v1/{device}/down/command", way: "down", qos: 1, maxBytes: limits.commandBytes },
  // Who misses one sends again and gets another: a PUBACK for each would only be more on the line.
  ack: { pattern: "edgemere/v1/{device}/down/ack", way: "down", qos: 0, maxBytes: 8 * 1024 },
  keystrokes: { pattern: "edgemere/v1/{device}/down/terminal", way: "down", qos: 0, maxBytes: limits.commandBytes },
  domainEvent: { pattern: "edgemere/v1/events/{class}/{event}", way: "out", qos: 1, maxBytes: limits.messageBytes },
  samples: { pattern: "edgemere/v1/telemetry/{device}", way: "out", qos: 1, maxBytes: limits.messageBytes },
  // Of a device of a control plane below: by the id that it has everywhere else too.
  samplesBelow: {
    pattern: "edgemere/v1/telemetry/{origin}/{theirs}",
    way: "out",
    qos: 1,
    maxBytes: limits.messageBytes,
  },
} as const satisfies Record<string, TopicRule>;

export type TopicName = keyof typeof topics;
export type UpTopicName = { [N in TopicName]: (typeof topics)[N]["way"] extends "up" ? N : never }[TopicName];
export type DownTopicName = { [N in TopicName]: (typeof topics)[N]["way"] extends "down" ? N : never }[TopicName];

type Params<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [K in Name]: string } & Params<Rest>
  : unknown;
export type TopicParams<N extends TopicName> = Params<(typeof topics)[N]["pattern"]>;

export type ParsedTopic = { [N in TopicName]: { readonly name: N; readonly params: TopicParams<N> } }[TopicName];

/** A topic between a device and the control plane. */
type DeviceTopic = Extract<ParsedTopic, { readonly name: UpTopicName | DownTopicName }>;
export const isOfDevice = (at: ParsedTopic): at is DeviceTopic => topics[at.name].way !== "out";

/** Ids that may stand in a topic: no separator or wildcard of any broker can occur in one. */
export const ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

// Words that stand where a device's id stands, in topics that no device speaks on.
const RESERVED = new Set(["events", "telemetry"]);

/** A device named like another branch of the topic tree could speak on that branch. */
export const isDeviceId = (text: string): boolean => ID_PATTERN.test(text) && !RESERVED.has(text);

const rules = Object.entries(topics) as [TopicName, TopicRule][];
interface Level {
  readonly text: string;
  /** What stands there, where it is not the text. */
  readonly param?: string;
}

const patterns = rules.map(([name, { pattern }]): readonly [TopicName, readonly Level[]] => [
  name,
  pattern.split("/").map((text) => (text.startsWith("{") ? { text, param: text.slice(1, -1) } : { text })),
]);

/** Control planes below, and ids that they gave: as they may report them. */
const FOREIGN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

function mayStandFor(level: string, value: string): boolean {
  if (level === "{device}") return isDeviceId(value);
  return (level === "{origin}" || level === "{theirs}" ? FOREIGN : ID_PATTERN).test(value);
}

export function formatTopic<N extends TopicName>(name: N, params: TopicParams<N>): string {
  const values = params as Readonly<Record<string, string>>;
  return topics[name].pattern.replaceAll(/\{(\w+)\}/g, (level: string, key: string) => {
    const value = values[key] ?? "";
    if (!mayStandFor(level, value)) throw new RangeError(`"${value}" cannot stand for {${key}} in a topic`);
    return value;
  });
}

/** Undefined when the topic is not in the table. */
export function parseTopic(topic: string): ParsedTopic | undefined {
  const levels = topic.split("/");
  for (const [name, pattern] of patterns) {
    const params = paramsOf(pattern, levels);
    if (params !== undefined) return { name, params } as unknown as ParsedTopic;
  }
  return undefined;
}

/** Undefined where the levels are not of the pattern. Looked at with every message: what is cheap to refuse is looked at first. */
function paramsOf(pattern: readonly Level[], levels: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== levels.length) return undefined;
  for (const [i, { text, param }] of pattern.entries()) if (param === undefined && text !== levels[i]) return undefined;
  const params: Record<string, string> = {};
  for (const [i, { text, param }] of pattern.entries()) {
    if (param === undefined) continue;
    const value = levels[i] ?? "";
    if (!mayStandFor(text, value)) return undefined;
    params[param] = value;
  }
  return params;
}

/** A device may speak for itself only. */
export function mayPublish(device: string, topic: string): boolean {
  const at = parseTopic(topic);
  return at !== undefined && topics[at.name].way === "up" && "device" in at.params && at.params.device === device;
}

/** A device may hear only what is said to it, and only by literal filters. */
export function mayReceive(device: string, topic: string): boolean {
  const at = parseTopic(topic);
  return at !== undefined && topics[at.name].way === "down" && "device" in at.params && at.params.device === device;
}

/** The filters a device subscribes to on every connection. */
export const subscriptionsOf = (device: string): readonly string[] =>
  rules.filter(([, rule]) => rule.way === "down").map(([name]) => formatTopic(name as DownTopicName, { device }));

/** Everything that devices say, as filters: for whoever hears all of them at a broker that is not ours. */
export const deviceFilters: readonly string[] = rules
  .filter(([, { way }]) => way === "up")
  .map(([, { pattern }]) => pattern.replace("{device}", "+"));

/** Root of the topics on which domain events are told to subscribers. */
export const EVENTS_ROOT = "edgemere/v1/events/";

/** Root of the topics on which what devices measured is told to subscribers. */
export const TELEMETRY_ROOT = "edgemere/v1/telemetry/";
