import { execFile } from "node:child_process";
import { generateKeyPairSync, createPrivateKey, sign } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { request, type Agent } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  AGENT_VERSION,
  enrol,
  mqttTransport,
  type ConnectError,
  type Connection,
  type Identity,
} from "@edgemere/agent";
import { pack, parseToken, recoveryStatement, SERVER_NAME } from "@edgemere/protocol";
import { systemClock, systemRandom } from "@edgemere/protocol/kit";
import { SimulatedDisk } from "@edgemere/protocol/simulated";
import type { World } from "../world/world.ts";

/** A device that exists on paper: it has an identity of its own and does what the test says, with real connections. */
export async function anIdentity({ client }: Pick<World, "client">, name: string): Promise<Identity> {
  const { token } = await client.call("cpl/dm/token/create", {});
  const env = { clock: systemClock, random: systemRandom, disk: new SimulatedDisk() };
  return enrol({ token, env, name, machineId: name, agentVersion: AGENT_VERSION });
}

/** Connects to the broker as an agent does; gives the connection, or why there is none. */
export async function connecting(identity: Identity, own: Identity = identity): Promise<Connection | ConnectError> {
  const transport = mqttTransport({
    identity,
    slots: { forConnection: () => own, refused: () => {} },
    keepalive: () => 60_000,
    clock: systemClock,
  });
  const now = systemClock.now();
  const time = { isSystemClockUsable: true, earliest: now, latest: now };
  const will = pack("bye", { device: identity.device }, { sessionEpoch: 1, reason: "gone" });
  const events = { arrived: () => {}, lost: () => {} };
  const address = identity.mqtt[0] ?? "";
  return transport
    .connect({ address, will, time }, events, new AbortController().signal)
    .catch((error: unknown) => error as ConnectError);
}

/** What somebody is to the broker: let in, or in which words not. Leaves again. */
export async function judged(identity: Identity, own?: Identity): Promise<string> {
  const outcome = await connecting(identity, own);
  if (outcome instanceof Error) return outcome.kind;
  await outcome.close();
  return "admitted";
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Asks the device API, as the holder of an identity or as nobody. */
export function askDeviceApi(
  { server, rootCertificate }: Pick<Identity, "server" | "rootCertificate">,
  path: string,
  input: object,
  own?: Identity,
  connections: Agent | false = false,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      new URL(`/edgemere/${path}`, server),
      {
        method: "POST",
        ca: rootCertificate,
        servername: SERVER_NAME,
        agent: connections,
        headers: { "content-type": "application/json" },
        ...(own && { key: own.key, cert: [own.certificate, ...own.chain].join("\n") }),
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => (text += part));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Answer["body"] }),
        );
      },
    );
    asked.on("error", reject).end(JSON.stringify(input));
  });
}

export interface Key {
  /** PEM. */
  readonly key: string;
  /** PKCS#10, PEM. */
  readonly certificateRequest: string;
}

/** A new key, and a request for its certificate with what else it should ask for, made by openssl. */
export async function aKey(
  folder: string,
  subject = "/CN=edgemere device",
  ...wishes: readonly string[]
): Promise<Key> {
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" });
  const file = join(folder, `key-${systemRandom.next()}.pem`);
  await writeFile(file, key, { mode: 0o600 });
  const more = wishes.flatMap((wish) => ["-addext", wish]);
  const { stdout } = await promisify(execFile)("openssl", ["req", "-new", "-key", file, "-subj", subject, ...more]);
  return { key: key.toString(), certificateRequest: stdout };
}

export const renewal = (identity: Identity, { certificateRequest }: Key): Promise<Answer> =>
  askDeviceApi(identity, "cpl/dm/agent/renew", { certificateRequest }, identity);

/** Recovers as an agent does whose certificate has expired. */
export async function recovery(identity: Identity, { certificateRequest }: Key): Promise<Answer> {
  const { device, joinState = "", messageKey } = identity;
  const { body } = await askDeviceApi(identity, "cpl/dm/agent/challenge", { device });
  const said = { device, challenge: String(body["challenge"]), certificateRequest, joinState };
  const signature = sign(null, recoveryStatement(said), createPrivateKey(messageKey)).toString("base64");
  return askDeviceApi(identity, "cpl/dm/agent/recover", { ...said, signature });
}

/** The identity after an answer with a certificate. */
export const renewed = (identity: Identity, { key }: Key, { body }: Answer): Identity => ({
  ...identity,
  key,
  certificate: String(body["certificate"]),
  chain: body["chain"] as readonly string[],
  joinState: String(body["joinState"]),
});

/** What a host sends to enrol with a token. */
export const registering = (token: string, { certificateRequest }: Key, name: string) => {
  const { id, secret } = parseToken(token);
  const messageKey = Buffer.alloc(32, 1).toString("base64");
  const host = { name, machineId: name, agentVersion: AGENT_VERSION, nonce: "1" };
  return { token: `${id}.${secret}`, certificateRequest, messageKey, ...host };
};
