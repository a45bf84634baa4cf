import { DAY } from "@edgemere/protocol/kit";
import type { ManualClock } from "@edgemere/protocol/simulated";
import type { InputOf } from "../../platform/action.ts";
import { startTestCore, type TestCore, type CoreContext } from "../../platform/core.test-support.ts";
import type { Database } from "../../platform/database.ts";
import type { Authority, DevicesContext } from "./context.ts";
import type { registerAgent } from "./contract.ts";
import { hashOf } from "./enrolment.ts";
import { devices } from "./index.ts";

export type World = TestCore<CoreContext & DevicesContext>;

/** Takes every text for a request that proves a key of its own, and numbers what it issues. */
const anAuthority = (): Authority => {
  let issued = 0;
  return {
    trustDomain: "fleet.test",
    pin: hashOf("root"),
    keys: { keyring: Buffer.from("keyring"), version: 3 },
    publicKeyOf: async (request) => ({ hash: hashOf(request) }),
    issue: async (request, device) => ({
      certificate: `${device} with ${request}`,
      chain: ["issuer", "root"],
      serial: `serial-${++issued}`,
      notAfter: 180 * DAY,
    }),
  };
};

/** The feature on a store in memory, with an authority that only writes down whom it certified. */
export const startDevices = (over: { database?: Database; clock?: ManualClock } = {}): Promise<World> =>
  startTestCore<CoreContext & DevicesContext>({
    features: [devices],
    context: {
      authority: anAuthority(),
      addresses: { deviceApi: "https://control-plane.test:8443", mqtt: ["mqtts://control-plane.test:8883"] },
    },
    ...over,
  });

/** What a host sends to enrol. The text of its certificate request stands for its key. */
export const anEnrolment = (
  token: string,
  over: Partial<InputOf<typeof registerAgent>> = {},
): InputOf<typeof registerAgent> => ({
  token,
  certificateRequest: "key-1",
  messageKey: Buffer.alloc(32, "message-key").toString("base64"),
  name: "gw",
  machineId: "machine-1",
  agentVersion: "0.1.0",
  nonce: "1",
  ...over,
});
