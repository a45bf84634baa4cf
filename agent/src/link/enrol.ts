import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import {
  cutText,
  parseToken,
  publicKeyBytes,
  REQUEST_NAME,
  sealingKeyBytes,
  type EnrolmentToken,
} from "@edgemere/protocol";
import { MINUTE, pauseBefore, SECOND, type Backoff, type Disk, type Env, type Random } from "@edgemere/protocol/kit";
import { timeBySystemClock } from "../clock/trusted-time.ts";
import { certificateRequest } from "./certificate-request.ts";
import { pinnedRoot, post, type Answer } from "./enrol-connection.ts";
import { EnrolmentFailed } from "./enrol-failed.ts";
import {
  addressesFrom,
  checkIdentity,
  keyringFrom,
  saveIdentity,
  sealingKeyOf,
  type Identity,
  type OneOrMore,
} from "./identity.ts";

export interface EnrolmentOptions {
  /** The whole text of an enrolment token. */
  readonly token: string;
  readonly env: Pick<Env, "clock" | "disk" | "random">;
  /** Proposed name of the device. */
  readonly name: string;
  readonly machineId: string;
  readonly agentVersion: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Told when an operator has to approve this host, with the fingerprint by which the operator knows it. */
  readonly onWaiting?: (fingerprint: string) => void;
  /** Told whenever the control plane has too much to do, before it is asked again. */
  readonly onBusy?: (busy: Busy) => void;
}

/** A control plane that wants to be asked later. */
export interface Busy {
  /** In its own words. */
  readonly detail: string;
  /** Until it is asked again, milliseconds. */
  readonly wait: number;
}

/** Private keys, PEM, of an enrolment that has not succeeded yet. */
interface PendingKeys {
  readonly token: string;
  readonly key: string;
  readonly messageKey: string;
}

const REGISTER = "/edgemere/cpl/dm/agent/register";
const PENDING = "enrolment.json";
/** Between two questions whether this host was approved. */
const POLL_EVERY = 10 * SECOND;
// Where nobody says how long, and the longest that anybody may say.
const BUSY: Backoff = { first: 10 * SECOND, longest: 10 * MINUTE };

/**
 * Turns a token into an identity and saves it. Throws BadToken and EnrolmentFailed. When it is cut off anywhere, calling
 * it again with the same token ends in the same device. A former identity stays until the new one is complete.
 */
export async function enrol(options: EnrolmentOptions): Promise<Identity> {
  const { env, signal, name, machineId, agentVersion, labels } = options;
  const token = parseToken(options.token);
  const rootCertificate = await pinnedRoot(token, signal);
  const keys = await keysFor(token, env.disk);

  const body = {
    token: `${token.id}.${token.secret}`,
    certificateRequest: certificateRequest(createPrivateKey(keys.key), REQUEST_NAME),
    messageKey: Buffer.from(publicKeyBytes(createPrivateKey(keys.messageKey))).toString("base64"),
    signsResults: true,
    sealingKey: Buffer.from(sealingKeyBytes(sealingKeyOf(keys))).toString("base64"),
    name,
    machineId,
    agentVersion,
    nonce: Buffer.from(env.random.bytes(16)).toString("base64url"),
    ...(labels && { labels }),
  };
  const address = new URL(REGISTER, token.server).href;
  const time = timeBySystemClock(env.clock.now());
  const ask = async () => {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await post({ address, body, root: rootCertificate, time }, signal);
      if (!isBusy(answer)) return givenBy(answer, token);
      const wait = busyPause(answer, attempt, env.random);
      options.onBusy?.({ detail: cutText(detailOf(answer)), wait });
      await waitFor(wait);
    }
  };
  const waitFor = async (ms: number) => {
    await env.clock.sleep(ms, signal);
    if (signal?.aborted === true) throw new EnrolmentFailed("unreachable", "enrolment was stopped while it waits");
  };
  let given = await ask();
  if (given.state === "waiting") options.onWaiting?.(fingerprintOf(keys.key));
  while (given.state === "waiting") {
    await waitFor(POLL_EVERY);
    given = await ask();
  }
  const identity = identityFrom(given, { token, keys, rootCertificate });
  await saveIdentity(env.disk, identity);
  await env.disk.remove(PENDING);
  return identity;
}

/** The keys of an earlier try with this token, or new ones, on the disk before anybody hears of them. */
async function keysFor(token: EnrolmentToken, disk: Disk): Promise<PendingKeys> {
  const bytes = await disk.read(PENDING);
  const pending = bytes && readPending(bytes);
  if (pending?.token === token.id) return pending;
  const made = {
    token: token.id,
    key: pemOf(generateKeyPairSync("ec", { namedCurve: "P-256" })),
    messageKey: pemOf(generateKeyPairSync("ed25519")),
  };
  await disk.write(PENDING, Buffer.from(JSON.stringify(made)));
  return made;
}

/** SHA-256 of the public key, base64url, as the control plane shows it. */
const fingerprintOf = (key: string): string =>
  createHash("sha256")
    .update(createPublicKey(createPrivateKey(key)).export({ format: "der", type: "spki" }))
    .digest("base64url");

const pemOf = ({ privateKey }: ReturnType<typeof generateKeyPairSync>) =>
  privateKey.export({ format: "pem", type: "pkcs8" }).toString();

function readPending(bytes: Uint8Array): PendingKeys | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as PendingKeys;
  } catch {
    // Keys that no certificate was given for are worth nothing.
    return undefined;
  }
}

interface Given {
  /** waiting: an operator has to approve this host. */
  readonly state?: "issued" | "waiting" | "retired";
  readonly joinState?: string;
  readonly device: string;
  readonly name: string;
  readonly trustDomain: string;
  readonly certificate: string;
  readonly chain: readonly string[];
  readonly keyring: string;
  readonly mqtt: OneOrMore;
}

function givenBy(answer: Answer, token: EnrolmentToken): Given {
  const { status, text } = answer;
  if (status === 200 || status === 201) return parsed(text) as Given;
  const kind = status >= 500 ? "unreachable" : "refused";
  throw new EnrolmentFailed(kind, `the control plane at ${token.server} did not enrol this host: ${detailOf(answer)}`);
}

/** Whether it is worth asking again with nothing changed; who cannot answer and says no time may be down for long. */
const isBusy = ({ status, retryAfterMs }: Answer): boolean =>
  status === 429 || (status === 503 && retryAfterMs !== undefined);

/** As long as it said, and up to half as long again, so that many who were told the same do not come back in step. */
function busyPause({ retryAfterMs = 0 }: Answer, attempt: number, random: Random): number {
  if (retryAfterMs === 0) return SECOND + pauseBefore(attempt, BUSY, random);
  return Math.round(Math.min(BUSY.longest, retryAfterMs) * (1 + random.next() / 2));
}

function detailOf({ status, text }: Answer): string {
  const answer = parsed(text);
  return typeof answer === "object" && answer && "detail" in answer ? String(answer.detail) : `status ${status}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What the control plane gave, with this host's own keys; refused when the parts do not fit each other. */
function identityFrom(
  given: Given | undefined,
  own: { readonly token: EnrolmentToken; readonly keys: PendingKeys; readonly rootCertificate: string },
): Identity {
  try {
    const { device, name, trustDomain, certificate, chain, keyring, mqtt, joinState } = given as Given;
    const { token, keys, rootCertificate } = own;
    return checkIdentity({
      device,
      name,
      trustDomain,
      server: token.server,
      mqtt: addressesFrom(mqtt),
      certificate,
      chain,
      rootCertificate,
      key: keys.key,
      messageKey: keys.messageKey,
      ...(joinState !== undefined && { joinState }),
      keyring: keyringFrom(keyring),
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EnrolmentFailed(
      "refused",
      `the control plane at ${own.token.server} gave an answer that cannot be used: ${why}`,
      { cause },
    );
  }
}
