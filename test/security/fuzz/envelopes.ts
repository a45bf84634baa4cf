import { createHash, sign } from "node:crypto";
import {
  decode,
  open,
  payloadTypes,
  preAuthenticationEncoding,
  privateKeyFromSeed,
  publicKeyBytes,
  publicKeyFromBytes,
  seal,
  v1,
  type PayloadName,
  type Trust,
} from "@edgemere/protocol";
import type { Area, Run } from "./area.ts";
import { chanceOf, type Chance } from "./chance.ts";
import { hostileInstants, hostileNumbers, hostileTexts } from "./hostile-values.ts";
import { mutated } from "./mutate.ts";
import { judging } from "./protobuf-judge.ts";
import { accepted, count, emptyAccount, finding, type Verdict } from "./tally.ts";

type Envelope = v1.SignedEnvelope.$Shape;
type Signature = v1.Signature.$Shape;

/** As the wire brought it; whether its payload is one that our key has signed as what it is opened as. */
interface EnvelopeInput {
  readonly opened: PayloadName;
  readonly hex: string;
  readonly isOurs: boolean;
}

const INPUTS = 30_000;
const AT = 1_767_225_600_000;

const keyNamed = (keyId: string) => {
  const privateKey = privateKeyFromSeed(createHash("sha256").update(keyId).digest());
  return { keyId, privateKey, publicKey: publicKeyFromBytes(publicKeyBytes(privateKey)) };
};
const [ours, forHeads, stranger] = [keyNamed("ours"), keyNamed("heads"), keyNamed("stranger")];
const named = (...keys: readonly (typeof ours)[]) => new Map(keys.map(({ keyId, publicKey }) => [keyId, publicKey]));
const roles: Partial<Record<Parameters<Trust>[0], ReturnType<typeof named>>> = {
  commands: named(ours, forHeads),
  dangerous: named(ours),
};
/** An agent's keyring: one key for everything, one for heads and what is harmless. */
const trust: Trust = (role) => ({ threshold: 1, keys: roles[role] ?? new Map() });

/** Commands and heads with anything in them: what a well-signed one may hold is checked as well. */
function wellSigned(chance: Chance): { readonly name: PayloadName; readonly envelope: Envelope } {
  const text = () => (chance.oneIn(3) ? chance.pick(hostileTexts) : "d1");
  const number = () => (chance.oneIn(6) ? chance.pick(hostileNumbers) : chance.below(1_000));
  const instant = () => (chance.oneIn(6) ? chance.pick(hostileInstants) : AT);
  if (chance.oneIn(4)) {
    const head = { device: text(), latestSequence: number(), asOfMs: instant(), cancelledCommands: [text()] };
    return { name: "syncHead", envelope: seal("syncHead", head, chance.pick([ours, forHeads])) };
  }
  const command = {
    trustDomain: text(),
    device: text(),
    command: text(),
    sequence: number(),
    issuedAtMs: instant(),
    expiresAtMs: instant(),
    actor: text(),
    exec: { argv: [text(), text()], cwd: text(), env: { [text()]: text() } },
  };
  return { name: "command", envelope: seal("command", command, ours) };
}

const strangeType = (chance: Chance): string =>
  chance.pick([payloadTypes.command, payloadTypes.syncHead, `${payloadTypes.command} `, "", chance.pick(hostileTexts)]);

const strangeSignature = (chance: Chance, signature: Uint8Array): Uint8Array => {
  const turned = Buffer.from(signature);
  if (turned.length > 0) turned[chance.below(turned.length)]! ^= 1 << chance.below(8);
  return chance.pick([
    turned,
    signature.subarray(1),
    Buffer.alloc(64),
    Buffer.from(chance.bytes(64)),
    withOrder(signature),
  ]);
};

const repeated = <T>(value: T, times: number): T[] => Array.from({ length: times }, () => value);

/** The other value of S that an Ed25519 verifier must not take (RFC 8032, 5.1.7): S + L. */
function withOrder(signature: Uint8Array): Uint8Array {
  if (signature.length !== 64) return signature;
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = Buffer.from(signature.subarray(32)).reverse().toString("hex");
  const other = BigInt.asUintN(256, BigInt(`0x${s}`) + order);
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(other.toString(16).padStart(64, "0"), "hex").reverse()]);
}

/** What somebody in between can do to an envelope who has no key, or another one. */
function tampered(envelope: Envelope, chance: Chance, another: () => Envelope): Envelope {
  const signatures: readonly Signature[] = envelope.signatures ?? [];
  const [first] = signatures;
  const payload = Buffer.from(envelope.payload ?? []);
  const foreign = (keyId: string, key = stranger.privateKey): Signature => ({
    keyId,
    signature: sign(null, preAuthenticationEncoding(envelope.payloadType ?? "", payload), key),
  });
  switch (chance.below(9)) {
    case 0:
      return { ...envelope, payload: mutated(payload, chance, [payload]) };
    case 1:
      return { ...envelope, payloadType: strangeType(chance) };
    case 2:
      return { ...envelope, signatures: [foreign(chance.pick([stranger.keyId, ours.keyId, "", "__proto__"]))] };
    case 3:
      return { ...envelope, signatures: [{ ...first, keyId: chance.pick(hostileTexts) }] };
    case 4:
      return {
        ...envelope,
        signatures: [{ ...first, signature: strangeSignature(chance, first?.signature ?? payload) }],
      };
    case 5:
      return { ...envelope, signatures: [] };
    case 6:
      return { ...envelope, payload: another().payload ?? payload };
    case 7:
      // A key that may sign heads, and no program.
      return { ...envelope, signatures: [foreign(forHeads.keyId, forHeads.privateKey)] };
    default:
      return { ...envelope, signatures: repeated(foreign(ours.keyId), 1 + chance.below(12)) };
  }
}

/** Opens it as an agent does. */
function judge({ opened, hex, isOurs }: EnvelopeInput): Verdict {
  return judging(() => {
    const message = open(opened, decode(v1.SignedEnvelope, Buffer.from(hex, "hex")), trust) as unknown as v1.Command;
    if (!isOurs) return finding(`a ${opened} was accepted that nobody of ours has signed`);
    const numbers = [message.sequence, message.issuedAtMs, message.expiresAtMs, message.generation];
    const isHeld = numbers.every((each) => each === undefined || (Number.isSafeInteger(each) && each >= 0));
    return isHeld ? accepted : finding("a number came through that a number cannot hold");
  });
}

function inputOf(chance: Chance): EnvelopeInput {
  const { name, envelope } = wellSigned(chance);
  const opened = chance.oneIn(8) ? chance.pick(["command", "syncHead"] as const) : name;
  const isLeftAlone = chance.oneIn(6);
  const result = isLeftAlone ? envelope : tampered(envelope, chance, () => wellSigned(chance).envelope);
  const encoded = Buffer.from(v1.SignedEnvelope.encode(result).finish());
  const bytes = isLeftAlone || !chance.oneIn(4) ? encoded : mutated(encoded, chance, [encoded]);
  return { opened, hex: bytes.toString("hex"), isOurs: opened === name && isSignedByUs(bytes, envelope, name) };
}

/** Whether what is left after all that is what a key of ours has signed: Ed25519 gives one signature for one payload. */
function isSignedByUs(bytes: Buffer, { payload, payloadType }: Envelope, name: PayloadName): boolean {
  let arrived: v1.SignedEnvelope;
  try {
    arrived = v1.SignedEnvelope.decode(bytes);
  } catch {
    return false;
  }
  if (!Buffer.from(payload ?? []).equals(arrived.payload) || payloadType !== arrived.payloadType) return false;
  const signed = preAuthenticationEncoding(arrived.payloadType, arrived.payload);
  const keys = name === "syncHead" ? [ours, forHeads] : [ours];
  return keys.some(({ keyId, privateKey }) => {
    const own = sign(null, signed, privateKey);
    return arrived.signatures.some((each) => each.keyId === keyId && own.equals(each.signature ?? Buffer.alloc(0)));
  });
}

/** Signed commands and heads that somebody in between has changed. */
export const envelopes: Area = {
  name: "envelopes",
  run: async ({ seed, times, only }: Run) => {
    const account = emptyAccount();
    const [from, to] = only === undefined ? [0, Math.round(INPUTS * times)] : [only, only + 1];
    for (let number = from; number < to; number++) {
      const input = inputOf(chanceOf(seed, number));
      const startedAt = performance.now();
      count(account, judge(input), input, performance.now() - startedAt);
    }
    return account;
  },
  replay: async (inputs) => inputs.map((input) => judge(input as EnvelopeInput)),
};
