import { isOfDevice, parseTopic, ProtocolError, type DeviceTopicName } from "@edgemere/protocol";

/** Which message a topic of the device's own carries. Throws ProtocolError. */
export function nameOf(device: string, topic: string): DeviceTopicName {
  const at = parseTopic(topic);
  if (at === undefined || !isOfDevice(at))
    throw new ProtocolError("unknown-topic", "this topic carries no device message");
  if (at.params.device !== device) throw new ProtocolError("not-yours", "a device may speak for itself only");
  return at.name;
}
