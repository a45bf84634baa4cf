import { createHash, createPrivateKey, sign, X509Certificate } from "node:crypto";
import { CERTIFICATE_BACKDATED, decode, recoveryStatement, REQUEST_NAME, v1, type SyncHead } from "@edgemere/protocol";
import { HOUR, MINUTE, pauseBefore, Reconciler, SECOND, type Env } from "@edgemere/protocol/kit";
import type { TrustedTime } from "../clock/trusted-time.ts";
import { instantOf } from "./certificate-chain.ts";
import { certificateRequest } from "./certificate-request.ts";
import type { post } from "./enrol-connection.ts";
import type { IdentitySlots } from "./identity-slots.ts";
import type { Identity } from "./identity.ts";

interface RenewalParts {
  readonly env: Env;
  readonly slots: IdentitySlots;
  readonly ask: typeof post;
  /** Reads what the control plane signed; throws ProtocolError where it did not. */
  readonly openHead: (envelope: v1.SignedEnvelope.$Shape) => SyncHead;
  readonly time: { correctedNow(): number; trustedTime(): TrustedTime };
  /** There is a new certificate: to be connected with. */
  readonly onRenewed: () => void;
  /** The control plane has said, signed, that this device belongs there no more. */
  readonly onRetired: () => void;
}

/** For a person on the host. Instants are the true time, as far as it is known here. */
export interface RenewalStatus {
  readonly until: number;
  readonly renewAt: number;
  /** Why the last try to get a new one failed; absent when it did not. */
  readonly failure?: string;
}

/** When a certificate holds, as far as its owner needs to know. */
interface Span {
  readonly renewAt: number;
  readonly until: number;
  /** Milliseconds. */
  readonly life: number;
}

const PATHS = {
  renew: "/edgemere/cpl/dm/agent/renew",
  challenge: "/edgemere/cpl/dm/agent/challenge",
  recover: "/edgemere/cpl/dm/agent/recover",
} as const;
const LOOK_EVERY = 5 * SECOND;
/** Who is refused asks why, and whether a new certificate helps: this often at most. */
const ASK_AFTER_REFUSAL_EVERY = HOUR;
const NOT_SIGNED_IN = 401;

/** When to renew: after two thirds of its life, give or take a tenth of it, at a moment that is the certificate's own. */
export function spanOf(certificate: string): Span {
  const { validFrom, validTo, raw } = new X509Certificate(certificate);
  const [from, until] = [instantOf(validFrom) + CERTIFICATE_BACKDATED, instantOf(validTo)];
  const life = Math.max(0, until - from);
  const drawn = createHash("sha256").update(raw).digest().readUInt32BE(0) / 2 ** 32;
  return { renewAt: from + life * (2 / 3 + (drawn * 2 - 1) / 10), until, life };
}

/** Keeps the certificate of this device from running out, and gets a new one when it has. Never takes an identity away but on a signed word. */
export class Renewal implements AsyncDisposable {
  readonly #parts: RenewalParts;
  readonly #loop: Reconciler;
  readonly #stop = new AbortController();
  #span: Span & { readonly certificate: string };
  #mustRenew = false;
  #wasRefused = false;
  /** On the monotonic clock. */
  #nextTryAt = 0;
  #nextQuestionAt = 0;
  #failures = 0;
  #failure: string | undefined;
  #isWaiting = false;

  constructor(parts: RenewalParts) {
    this.#parts = parts;
    const { certificate } = parts.slots.current;
    this.#span = { certificate, ...spanOf(certificate) };
    const { clock, log } = parts.env;
    const name = "renew the certificate";
    const onError = (error: unknown) => log.error("loop failed", { loop: name, error });
    this.#loop = new Reconciler({ name, every: LOOK_EVERY, onError, step: () => this.#look() }, clock);
  }

  start(): void {
    this.#loop.start();
  }

  /** The control plane wants a new certificate to be used, whatever the age of this one. */
  demanded(): void {
    this.#mustRenew = true;
    this.#loop.kick();
  }

  /** The broker does not want this device. */
  refused(): void {
    this.#wasRefused = true;
    this.#loop.kick();
  }

  /** A session began: what certificate it has is good. */
  async established(): Promise<void> {
    this.#wasRefused = false;
    await this.#parts.slots.worked();
  }

  /** What is wrong, in stable words. */
  conditions(): readonly string[] {
    const isExpired = this.#parts.time.correctedNow() >= this.#looked().until;
    return [
      ...(isExpired ? ["certificate-expired"] : []),
      ...(this.#failure === undefined ? [] : ["renewal-failing"]),
      ...(this.#isWaiting ? ["waits-for-approval"] : []),
    ];
  }

  status(): RenewalStatus {
    const { until, renewAt } = this.#looked();
    const failure = this.#isWaiting ? "an operator of the control plane has to approve it" : this.#failure;
    return { until, renewAt: Math.round(renewAt), ...(failure !== undefined && { failure }) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#loop[Symbol.asyncDispose]();
  }

  #looked(): Span {
    const { certificate } = this.#parts.slots.newest;
    if (certificate !== this.#span.certificate) this.#span = { certificate, ...spanOf(certificate) };
    return this.#span;
  }

  async #look(): Promise<"settled"> {
    const { env, time, slots } = this.#parts;
    const now = env.clock.monotonic();
    const { renewAt, until, life } = this.#looked();
    const isDue = this.#mustRenew || slots.isAsking || time.correctedNow() >= renewAt;
    const isQuestion = this.#wasRefused && now >= this.#nextQuestionAt;
    if (now < this.#nextTryAt || !(isDue || isQuestion)) return "settled";
    this.#nextQuestionAt = now + ASK_AFTER_REFUSAL_EVERY;
    try {
      const answer = await this.#ask(slots.newest, time.correctedNow() >= until);
      this.#failure = undefined;
      this.#isWaiting = answer.state === "waiting";
      if (answer.state === "retired") this.#hearRetired(answer.head);
      if (answer.state === "issued") await this.#take(answer);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#failure === undefined) env.log.warn("the certificate was not renewed", { reason });
      this.#failure = reason;
    }
    const isLeft = this.#isWaiting || this.#failure !== undefined;
    this.#failures = isLeft ? this.#failures + 1 : 0;
    const backoff = { first: within(life / 50, SECOND, MINUTE), longest: within(life / 10, 10 * SECOND, HOUR) };
    if (isLeft) this.#nextTryAt = now + pauseBefore(this.#failures - 1, backoff, env.random);
    return "settled";
  }

  async #take({ certificate = "", chain = [], joinState }: Answer): Promise<void> {
    await this.#parts.slots.certified({ certificate, chain, ...(joinState !== undefined && { joinState }) });
    this.#mustRenew = false;
    this.#parts.env.log.info("the certificate was renewed", { until: this.#looked().until });
    this.#parts.onRenewed();
  }

  #hearRetired(head = ""): void {
    const { openHead, onRetired, slots } = this.#parts;
    const said = openHead(decode(v1.SignedEnvelope, Buffer.from(head, "base64")));
    if (!said.retired || said.device !== slots.current.device)
      throw new Error("what was said of this device's retirement is not about this device");
    onRetired();
  }

  async #ask(identity: Identity, isExpired: boolean): Promise<Answer> {
    const key = await this.#parts.slots.nextKey();
    const request = certificateRequest(createPrivateKey(key), REQUEST_NAME);
    if (isExpired) return this.#recover(identity, request);
    const own = { key: identity.key, certificate: [identity.certificate, ...identity.chain].join("\n") };
    const answer = await this.#post(PATHS.renew, { certificateRequest: request }, own);
    // By the clock over there it has expired, or it was revoked.
    return answer.status === NOT_SIGNED_IN ? this.#recover(identity, request) : answerIn(answer);
  }

  async #recover(identity: Identity, request: string): Promise<Answer> {
    const { device, messageKey, joinState = "" } = identity;
    const { challenge = "" } = answerIn(await this.#post(PATHS.challenge, { device }));
    const said = { device, challenge, certificateRequest: request, joinState };
    const signature = sign(null, recoveryStatement(said), createPrivateKey(messageKey)).toString("base64");
    return answerIn(await this.#post(PATHS.recover, { ...said, signature }));
  }

  #post(path: string, body: object, own?: { readonly key: string; readonly certificate: string }) {
    const { ask, slots, time } = this.#parts;
    const { server, rootCertificate: root } = slots.current;
    const question = { address: new URL(path, server).href, body, root, time: time.trustedTime() };
    return ask({ ...question, ...(own && { own }) }, this.#stop.signal);
  }
}

interface Answer {
  readonly state?: "issued" | "waiting" | "retired";
  readonly certificate?: string;
  readonly chain?: readonly string[];
  readonly joinState?: string;
  readonly head?: string;
  readonly challenge?: string;
}

/** Throws with the control plane's own words when it refuses. */
function answerIn({ status, text }: { readonly status: number; readonly text: string }): Answer {
  const answer = JSON.parse(text) as Answer & { readonly detail?: string };
  if (status >= 200 && status < 300) return answer;
  throw new Error(`the control plane gives no certificate: ${answer.detail ?? `status ${status}`}`);
}

const within = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));
