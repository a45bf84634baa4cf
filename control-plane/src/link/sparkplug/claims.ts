import { ProtocolError } from "@edgemere/protocol";
import {
  deathTopic,
  isEdgeNodeName,
  parseSparkplugTopic,
  type EdgeNodeName,
  type SparkplugTopic,
} from "@edgemere/protocol/sparkplug";

/* What somebody who connects as an edge node may claim, before and after they are believed. */

/** An edge node's user name is its group and its name; neither holds a slash. */
export function nameIn(username: unknown): EdgeNodeName | undefined {
  const [group = "", node = "", ...rest] = typeof username === "string" ? username.split("/") : [];
  return rest.length === 0 && isEdgeNodeName({ group, node }) ? { group, node } : undefined;
}

interface Will {
  readonly topic: string;
  readonly qos?: number;
  readonly retain?: boolean;
}

/** Its death is an edge node's will (3.0.0, 5.4): without it nobody would know which session ended. */
export function faultOfWill(name: EdgeNodeName, will: Will | undefined): ProtocolError | undefined {
  if (will === undefined) return new ProtocolError("missing-field", "an edge node's will must be its NDEATH");
  if (will.topic === deathTopic(name) && (will.qos ?? 0) <= 1 && will.retain !== true) return undefined;
  return new ProtocolError("not-yours", "the will is not the edge node's own NDEATH, not retained");
}

/** What a packet is about, where the edge node may say it; else what is wrong. */
export function placed(
  name: EdgeNodeName,
  { topic, qos, retain }: { readonly topic: string; readonly qos: number; readonly retain: boolean },
): SparkplugTopic | ProtocolError {
  const at = parseSparkplugTopic(topic);
  if (at === undefined) return new ProtocolError("unknown-topic", `no edge node speaks on ${topic.slice(0, 128)}`);
  if (at.group !== name.group || at.node !== name.node)
    return new ProtocolError("not-yours", "an edge node may speak for itself and its devices only");
  if (qos > 1) return new ProtocolError("out-of-range", "QoS 2 is not spoken here");
  if (retain) return new ProtocolError("out-of-range", "retained messages are not taken");
  return at;
}
