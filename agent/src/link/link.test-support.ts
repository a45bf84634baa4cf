import { privateKeyFromSeed, type v1 } from "@edgemere/protocol";
import { silentLog, type Disk } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { DeviceClock } from "../clock/device-clock.ts";
import { DEVICE, keyring, ScriptedControlPlane } from "./control-plane.test-support.ts";
import { AuditWitness } from "./audit-witness.ts";
import type { CommandDuty } from "./down.ts";
import { Alerts } from "./alerts.ts";
import { Link } from "./link.ts";
import { Spool } from "./spool/spool.ts";
import { TerminalRoad } from "./terminal-road.ts";
import { TrustedKeyring } from "./trusted-keyring.ts";

export const event = (detail: string) => ({ agentEvent: { name: "test", detail } });
export const output = (command: string, bytes = 10) => ({
  commandOutput: { command, channel: "stdout", content: new Uint8Array(bytes) },
});

/** Notes what it is asked to do. */
class RecordingDuty implements CommandDuty {
  readonly capabilities = ["command:ping"];
  readonly calls: string[] = [];
  highSequence = 0;
  isObeying = true;
  wrong: readonly string[] = [];
  async hear(generation: number): Promise<boolean> {
    if (generation > 0) this.calls.push(`hear ${generation}`);
    return this.isObeying;
  }
  async receive(envelopes: readonly v1.SignedEnvelope.$Shape[]): Promise<void> {
    this.calls.push(`receive ${envelopes.length}`);
    this.highSequence += envelopes.length;
  }
  async cancel(commands: readonly string[]): Promise<void> {
    this.calls.push(`cancel ${commands.join(" ")}`);
  }
  status() {
    return { highSequence: this.highSequence, open: ["c1"], generation: 4 };
  }
  conditions() {
    return this.wrong;
  }
}

/** A link, and everything around it, on a clock that stands still. */
export async function aLink(
  over: {
    disk?: Disk;
    centre?: ScriptedControlPlane;
    clock?: ManualClock;
    seed?: number;
    maxBytes?: number;
    addresses?: readonly string[];
  } = {},
) {
  const { disk = new SimulatedDisk(), centre = new ScriptedControlPlane(), clock = new ManualClock() } = over;
  const env = { clock, random: seededRandom(over.seed ?? 1), disk, log: silentLog };
  const time = await DeviceClock.open({ env });
  const spool = await Spool.open({ env, maxBytes: over.maxBytes ?? 16 * 1024 * 1024, clockPeriod: () => time.period });
  const duty = new RecordingDuty();
  centre.now = () => 1_800_000_000_000 + clock.monotonic();
  const introduction = { bootId: "b", agentVersion: "1", capabilities: [], lastExitReason: "clean" };
  const alerts = new Alerts(env, spool);
  const trusted = await TrustedKeyring.open({
    ...env,
    enrolled: keyring,
    trustDomain: "test",
    correctedNow: () => time.correctedNow(),
    alert: (name, detail) => alerts.tell(name, detail),
  });
  const { addresses = ["mqtts://one.test:8883"] } = over;
  const kept: (readonly string[])[] = [];
  const routes = { addresses, keepAddresses: async (given: readonly string[]) => void kept.push(given) };
  const key = () => ({ keyId: "message", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(3)) });
  const witness = await AuditWitness.open({ disk, log: silentLog, trustDomain: "test", key });
  const duties = { spool, duty, keyring: trusted, alerts, time, witness, introduction, terminals: new TerminalRoad() };
  const link = new Link({ env, device: DEVICE, transport: centre, ...routes, ...duties });
  return { kept, link, spool, duty, centre, clock, time, disk };
}
