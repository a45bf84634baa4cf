import { readFile } from "node:fs/promises";
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { AGENT_VERSION, enrol, type Identity } from "@edgemere/agent";
import { SERVER_NAME } from "@edgemere/protocol";
import { systemClock, systemRandom } from "@edgemere/protocol/kit";
import { SimulatedDisk } from "@edgemere/protocol/simulated";
import { startWorld, type World } from "../../world/world.ts";
import { CLIENT, forged, issuerIn, SERVER, strangerLike, type Shown } from "./forged-certificates.ts";
import { answersIn } from "./mqtt-packets.ts";

const PATIENCE = 30_000;
const GOOD = "gateway";
const ENROLLED_AT_ONCE = 10;

/** A real control plane, a real agent that must go on undisturbed, and identities for those that disturb. */
export interface MqttTarget extends AsyncDisposable {
  readonly world: World;
  readonly identities: readonly Identity[];
  readonly good: string;
}

export async function startMqttTarget(devices: number): Promise<MqttTarget> {
  const world = await startWorld();
  const { token } = await world.client.call("cpl/dm/token/create", { uses: devices });
  const enrolled = (number: number) => {
    const env = { clock: systemClock, disk: new SimulatedDisk(), random: systemRandom };
    const name = `fuzz-${number}`;
    return enrol({ token, env, name, machineId: name, agentVersion: AGENT_VERSION });
  };
  const identities: Identity[] = [];
  while (identities.length < devices) {
    const left = Math.min(ENROLLED_AT_ONCE, devices - identities.length);
    identities.push(...(await Promise.all(Array.from({ length: left }, (_, i) => enrolled(identities.length + i)))));
  }
  await world.enrolAgent(GOOD, ["--allow", "exec"]);
  return { world, identities, good: GOOD, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

export const shownBy = ({ key, certificate, chain }: Identity): Shown => ({
  key,
  cert: [certificate, ...chain].join("\n"),
});

/** What somebody may show in place of a certificate that is good; each is wrong in one way, but for the first. */
export async function certificatesOf(world: World, identity: Identity): Promise<Readonly<Record<string, Shown>>> {
  const file = (name: string) => readFile(join(world.controlPlane.dataFolder, "authority", `${name}.pem`), "utf8");
  const issuer = issuerIn(await file("device-issuer"));
  const { serialNumber: serial } = new X509Certificate(identity.certificate);
  const { device } = identity;
  const [names, now] = [[device], Date.now()];
  const hour = (count: number) => new Date(now + count * 3_600_000);
  return {
    "all as it should be": forged(issuer, { names, serial }),
    none: { key: "", cert: "" },
    expired: forged(issuer, { names, serial, from: hour(-3), to: hour(-1) }),
    "not yet valid": forged(issuer, { names, serial, from: hour(1), to: hour(3) }),
    "of another authority of the same name": forged(strangerLike(issuer), { names, serial }),
    "for servers": forged(issuer, { names, serial, purpose: SERVER }),
    "of a server-issuer": forged(issuerIn(await file("server-issuer")), { names, serial, purpose: CLIENT }),
    "of another serial number": forged(issuer, { names, serial: "1234" }),
    "of another device": forged(issuer, { names: ["01ANOTHERDEVICE"], serial }),
    "of two names": forged(issuer, { names: [device, "01ANOTHERDEVICE"], serial }),
    "of two names, the own one last": forged(issuer, { names: ["01ANOTHERDEVICE", device], serial }),
    "of no name": forged(issuer, { names: [], serial }),
    "of a name with NUL": forged(issuer, { names: [`${device}\u0000.evil`], serial }),
    "of a name with a line": forged(issuer, { names: [`${device}\nCN=x`], serial }),
    "of a name of 10,000 letters": forged(issuer, { names: ["x".repeat(10_000)], serial }),
    "with a chain of 100": repeatedChain(forged(issuer, { names: ["01ANOTHERDEVICE"], serial }), issuer.chain),
  };
}

const repeatedChain = ({ key, cert }: Shown, link: string): Shown => ({ key, cert: `${cert}${link.repeat(100)}` });

/** How a connection went: what was answered, and whether it was ended, by whom. */
export interface Talk {
  readonly connack?: number;
  /** It answered the last ping, so it had read all before. */
  readonly isAnswered: boolean;
  readonly isEnded: boolean;
}

/** Says one thing after the other, each when something was answered, and then nothing: until the last word is answered, or the other side ends it. */
export function talk(
  { mqtt, rootCertificate }: Identity,
  shown: Shown,
  parts: readonly Buffer[],
  more: ConnectionOptions = {},
): Promise<Talk> {
  const { hostname: host, port } = new URL(mqtt[0] ?? "");
  return new Promise((resolve) => {
    const socket = connectTls({
      host,
      port: Number(port),
      ca: rootCertificate,
      servername: SERVER_NAME,
      ...shown,
      ...more,
    });
    const heard: Buffer[] = [];
    const toSay = [...parts];
    const say = () => {
      const next = toSay.shift();
      if (next !== undefined) socket.write(next);
    };
    const end = (isEnded: boolean) => {
      clearTimeout(timer);
      const { connack, hasPong } = answersIn(Buffer.concat(heard));
      resolve({ ...(connack !== undefined && { connack }), isAnswered: hasPong, isEnded });
      socket.destroy();
    };
    const timer = setTimeout(() => end(false), PATIENCE);
    // Broken off in the middle of writing is an end like another.
    socket.on("error", () => {});
    socket.on("close", () => end(true));
    socket.on("data", (chunk: Buffer) => {
      heard.push(chunk);
      if (answersIn(Buffer.concat(heard)).hasPong && toSay.length === 0) socket.end();
      else say();
    });
    socket.on("secureConnect", say);
  });
}
