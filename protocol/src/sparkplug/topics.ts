import { hasHiddenCharacters } from "../hostile-text.ts";
import { limits } from "../limits.ts";

/** Where every topic of Eclipse Sparkplug B begins (3.0.0, chapter 4). */
const NAMESPACE = "spBv1.0";
/** Stands where a group's name stands, in topics of hosts. */
const STATE = "STATE";

/** What edge nodes say, of themselves and of their devices. */
const nodeWords = ["NBIRTH", "NDEATH", "NDATA"] as const;
const deviceWords = ["DBIRTH", "DDEATH", "DDATA"] as const;

/** An edge node, as its topics name it. */
export interface EdgeNodeName {
  readonly group: string;
  readonly node: string;
}

/** What a message of an edge node is about. */
export type SparkplugTopic = EdgeNodeName &
  (
    | { readonly word: (typeof nodeWords)[number] }
    | { readonly word: (typeof deviceWords)[number]; readonly device: string }
  );

/** Whether it can stand for a group, an edge node or a device in a topic: one level, no wildcard, nothing hidden. */
export const isSparkplugName = (text: string): boolean =>
  text !== "" && text.length <= limits.nameLength && !/[/+#]/.test(text) && !hasHiddenCharacters(text);

/** Whether an edge node may be called so: a group called as the topics of hosts would speak for them. */
export const isEdgeNodeName = ({ group, node }: EdgeNodeName): boolean =>
  isSparkplugName(group) && isSparkplugName(node) && group !== STATE;

/** Undefined when it is no topic that an edge node speaks on. */
export function parseSparkplugTopic(topic: string): SparkplugTopic | undefined {
  const [namespace, group = "", word, node = "", device, ...rest] = topic.split("/");
  if (namespace !== NAMESPACE || rest.length > 0 || !isEdgeNodeName({ group, node })) return undefined;
  const [ofNode, ofDevice] = [nodeWords.find((each) => each === word), deviceWords.find((each) => each === word)];
  if (ofNode !== undefined && device === undefined) return { group, node, word: ofNode };
  if (ofDevice !== undefined && device !== undefined && isSparkplugName(device))
    return { group, node, word: ofDevice, device };
  return undefined;
}

/** Where an edge node's death is told: by itself, or as its will. */
export const deathTopic = ({ group, node }: EdgeNodeName): string => `${NAMESPACE}/${group}/NDEATH/${node}`;

/** Where an edge node is told what to do. */
export const nodeCommandTopic = ({ group, node }: EdgeNodeName): string => `${NAMESPACE}/${group}/NCMD/${node}`;

/** Where a host says whether it is there, retained. */
export const stateTopic = (host: string): string => `${NAMESPACE}/${STATE}/${host}`;

/** Whether an edge node may be sent what is said on a topic: commands for it and its devices, and whether the host is there. */
export const isForEdgeNode = (name: EdgeNodeName, host: string, topic: string): boolean =>
  topic === nodeCommandTopic(name) || topic === stateTopic(host);

/** Whether an edge node may subscribe to a filter: one that takes in nothing but what may be for it. */
export function mayEdgeNodeHear({ group, node }: EdgeNodeName, host: string, filter: string): boolean {
  const commands = [`${NAMESPACE}/${group}/NCMD/${node}`, `${NAMESPACE}/${group}/DCMD/${node}`];
  if (commands.includes(filter) || filter === stateTopic(host)) return true;
  if (filter === stateTopic("+") || filter === stateTopic("#")) return true;
  const [, under] = commands.flatMap((each) =>
    filter.startsWith(`${each}/`) ? [each, filter.slice(each.length + 1)] : [],
  );
  return under !== undefined && (under === "#" || under === "+" || isSparkplugName(under));
}
