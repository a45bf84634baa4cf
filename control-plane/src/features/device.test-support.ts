import { created, type Change } from "../platform/change.ts";
import type { Draft } from "../platform/resource.ts";
import { device } from "./devices/contract.ts";

/** A device that is enrolled and online. Its name is its id, unless told otherwise. */
export const aDevice = (id: string, over: Partial<Draft<typeof device>> = {}): Change =>
  created(
    device,
    id,
    {
      name: id,
      labels: {},
      presence: "online",
      presenceAt: 0,
      sessionEpoch: 1,
      agent: { version: "0.1.0", bootId: "boot-1", capabilities: [], lastExitReason: "", clockOffset: 0 },
      inventory: {},
      certificate: { serial: "", notAfter: 0 },
      machineId: "",
      messageKey: "",
      ...over,
    },
    "active",
  );
