import type { Identity } from "@edgemere/agent";
import { MqttDevice } from "../mqtt-device.ts";
import type { Opened } from "./opened.ts";

const AT_ONCE = 16;

/** Connections of these devices to a broker of this machine; where somebody answers, each with a session. */
export async function connected(
  open: Opened,
  identities: readonly Identity[],
  { port, isAcknowledged }: { readonly port: number; readonly isAcknowledged: boolean },
): Promise<readonly MqttDevice[]> {
  const devices: MqttDevice[] = [];
  for (let first = 0; first < identities.length; first += AT_ONCE) {
    const some = identities.slice(first, first + AT_ONCE);
    const connect = async (each: Identity) => {
      const device = open.use(await MqttDevice.connect(each, `mqtts://127.0.0.1:${port}`, isAcknowledged));
      if (isAcknowledged) await device.hello();
      return device;
    };
    devices.push(...(await Promise.all(some.map(connect))));
  }
  return devices;
}
