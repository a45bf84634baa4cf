import { decode, parseToken, privateKeyFromSeed, publicKeyBytes, v1 } from "@edgemere/protocol";
import type { Disk, Random } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import { EventLedger } from "./event-ledger.ts";
import { Network } from "./network.ts";
import type { Profile } from "./profiles.ts";
import { RecordLedger } from "./record-ledger.ts";
import { SimulatedControlPlane, TRUST_DOMAIN } from "./simulated-control-plane.ts";
import { SimulatedDevice } from "./simulated-device.ts";
import { Trace } from "./trace.ts";

/** Bugs that are put in to see them found. */
export interface PlantedBugs {
  /** A device's disk that is worse than it should be. */
  readonly wear?: (disk: Disk) => Disk;
  /** How many batches the control plane's database loses at a death, though it answered them. */
  readonly unsavedBatches?: number;
}

/** A control plane, devices and the network between them: real cores, and nothing else that is real. */
export interface World {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly network: Network;
  readonly records: RecordLedger;
  readonly events: EventLedger;
  readonly controlPlane: SimulatedControlPlane;
  readonly devices: readonly SimulatedDevice[];
}

// The cores wait for promises only, and those have all run when the next tick comes.
const untilIdle = (): Promise<void> =>
  Promise.resolve().then(() => new Promise((resolve) => process.nextTick(resolve)));

const privateKey = privateKeyFromSeed(new Uint8Array(32).fill(7));
const signingKey = { keyId: "simulated", privateKey };
const keyring = v1.Keyring.encode({
  version: 1,
  keys: [{ role: "commands", keyId: signingKey.keyId, publicKey: publicKeyBytes(privateKey) }],
}).finish();

/** Everything up and every device enrolled. */
export async function startWorld(seed: number, profile: Profile, bugs: PlantedBugs = {}): Promise<World> {
  const clock = new ManualClock(undefined, untilIdle);
  const random = seededRandom(seed);
  const trace = new Trace(clock);
  const events = new EventLedger(trace);
  const records = new RecordLedger(trace, clock);
  const network = new Network({ clock, random, trace, connected: (device, epoch) => events.connected(device, epoch) });
  const shared = { clock, random, trace, network, records, events };
  const { unsavedBatches = 0, wear } = bugs;
  const controlPlane = new SimulatedControlPlane({ ...shared, signingKey, keyring, unsavedBatches });
  void controlPlane.start();
  await clock.advance(100);

  const count = 1 + Math.floor(random.next() * 3);
  const devices: SimulatedDevice[] = [];
  for (let number = 1; number <= count; number++) {
    const identity = await enrolled(`device-${number}`, controlPlane, clock);
    const { spoolBytes } = profile;
    devices.push(new SimulatedDevice({ ...shared, identity, spoolBytes, ...(wear && { wear }) }));
  }
  for (const device of devices) void device.start();
  return { ...shared, controlPlane, devices };
}

/** Through the front door, but for the certificates. */
async function enrolled(name: string, controlPlane: SimulatedControlPlane, clock: ManualClock) {
  const answered = async (path: string, input: object) => {
    const answer = controlPlane.ask(path, input);
    await clock.advance(100);
    return answer;
  };
  const { token } = (await answered("cpl/dm/token/create", {})) as { readonly token: string };
  const { id, secret } = parseToken(token);
  const { device } = (await answered("cpl/dm/agent/register", {
    token: `${id}.${secret}`,
    certificateRequest: name,
    messageKey: Buffer.from(publicKeyBytes(privateKey)).toString("base64"),
    name,
    machineId: name,
    agentVersion: "simulated",
    nonce: name,
  })) as { readonly device: string };
  return {
    device,
    name,
    trustDomain: TRUST_DOMAIN,
    server: "https://control-plane.test",
    mqtt: "mqtts://control-plane.test",
    certificate: "",
    chain: [],
    rootCertificate: "",
    key: "",
    messageKey: "",
    keyring: decode(v1.Keyring, keyring),
  };
}
