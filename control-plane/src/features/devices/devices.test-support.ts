import { DAY, silentLog } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import type { InputOf } from "../../platform/action.ts";
import { signer, startTestCore, type TestCore, type CoreContext } from "../../platform/core.test-support.ts";
import type { Database } from "../../platform/database.ts";
import type { Admission } from "./admission.ts";
import type { Authority, DevicesContext } from "./context.ts";
import type { registerAgent } from "./certificate-contract.ts";
import { hashOf } from "./enrolment.ts";
import { admissions, devices } from "./index.ts";

export type World = TestCore<CoreContext & DevicesContext>;

/** Takes every text for a request that proves a key of its own, and numbers what it issues. */
const anAuthority = (clock: ManualClock): Authority => {
  let issued = 0;
  return {
    trustDomain: "fleet.test",
    pin: hashOf("root"),
    keys: { keyring: Buffer.from("keyring"), version: 3 },
    publicKeyOf: async (request) => ({
      hash: hashOf(request),
      wishes: request.startsWith("greedy") ? ["other names"] : [],
    }),
    issue: async (request, device) => ({
      certificate: `${device} with ${request}`,
      chain: ["issuer", "root"],
      serial: `serial-${++issued}`,
      notAfter: clock.now() + 14 * DAY,
    }),
    joinStates: {
      sign: ({ device, number }) => `${device}#${number}`,
      read: (text) => {
        const [device = "", number] = text.split("#");
        return number === undefined ? undefined : { device, number: Number(number) };
      },
    },
  };
};

/** The feature on a store in memory, with an authority that only writes down whom it certified. */
export const startDevices = ({
  clock = new ManualClock(),
  ...over
}: { database?: Database; clock?: ManualClock } = {}): Promise<World> =>
  startTestCore<CoreContext & DevicesContext>({
    features: [devices],
    context: {
      authority: anAuthority(clock),
      signer,
      addresses: { deviceApi: "https://control-plane.test:8443", mqtt: ["mqtts://control-plane.test:8883"] },
    },
    clock,
    ...over,
  });

/** Whether a certificate lets its holder in. */
export const mayConnect = async (world: World, id: string, serial: string | undefined): Promise<Admission> => {
  await using judge = admissions({ ...world, log: silentLog });
  return await judge.admit(id, serial);
};

/** What a host sends to enrol. The text of its certificate request stands for its key; another key is another machine's. */
export const anEnrolment = (
  token: string,
  over: Partial<InputOf<typeof registerAgent>> = {},
): InputOf<typeof registerAgent> => ({
  token,
  certificateRequest: "key-1",
  messageKey: Buffer.alloc(32, "message-key").toString("base64"),
  name: "gw",
  machineId: over.certificateRequest?.replace("key", "machine") ?? "machine-1",
  agentVersion: "0.1.0",
  nonce: "1",
  ...over,
});
