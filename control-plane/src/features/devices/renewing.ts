import { createHmac, timingSafeEqual, verify } from "node:crypto";
import { publicKeyFromBytes, recoveryStatement } from "@edgemere/protocol";
import { MINUTE } from "@edgemere/protocol/kit";
import { handle, type InputOf } from "../../platform/action.ts";
import { moved, updated } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { certificate, challengeAgent, recoverAgent, renewAgent, type Certificate } from "./certificate-contract.ts";
import { identityOf, judgeRecovery, judgeRenewal, type Verdict } from "./certificate-life.ts";
import type { DevicesContext } from "./context.ts";
import { device, type Device } from "./contract.ts";
import { issue, newestOf, repeated, retirementOf, type Given } from "./issuing.ts";

const CHALLENGE_GOOD_FOR = 2 * MINUTE;
/** One answer for everything that was not proved: who guesses learns nothing of who is there. */
const NOT_PROVED = "this recovery is not signed by a device that is known here; enrol the host with a new token";

export const renewingActions = [
  handle(renewAgent, async ({ certificateRequest }, context: DevicesContext, { actor, session: serial = "" }) => {
    const [, id] = /^device:(.+)$/.exec(actor) ?? [];
    if (id === undefined)
      throw new Problem("forbidden", "only a device renews a certificate, on the device API and with its present one");
    const { hash, wishes } = await context.authority.publicKeyOf(certificateRequest);
    return repeatOnConflict(async () => {
      const row = await context.store.get(device, id);
      if (row === undefined) throw new Problem("forbidden", "there is no such device; enrol the host with a new token");
      const newest = await newestOf(context, row);
      const shown = newest.id === serial ? newest : await context.store.get(certificate, serial);
      // It was issued after the backup that this control plane was restored from: the message key tells whose it is.
      if (shown === undefined)
        throw new Problem(
          "not-signed-in",
          `this certificate is not known here; recover at /edgemere/${recoverAgent.path}`,
        );
      if (shown.device !== id) throw new Problem("forbidden", "this certificate is another device's");
      const verdict = judgeRenewal({ row, newest, shown, keyHash: hash, now: context.clock.now() });
      const request = { certificateRequest, hash, wishes, cause: "renewal" } as const;
      return carryOut(verdict, { row, newest, request, context });
    });
  }),
  handle(challengeAgent, async ({ device: id }, context: DevicesContext) => {
    const expiresAt = context.clock.now() + CHALLENGE_GOOD_FOR;
    return { challenge: challengeOf(id, expiresAt, context), expiresAt };
  }),
  handle(recoverAgent, async (input, context: DevicesContext) => {
    const { certificateRequest } = input;
    refuseStale(input, context);
    const { hash, wishes } = await context.authority.publicKeyOf(certificateRequest);
    return repeatOnConflict(async () => {
      const row = await context.store.get(device, input.device);
      if (row === undefined || row.state === "pending" || !isSigned(input, row))
        throw new Problem("forbidden", NOT_PROVED);
      const newest = await newestOf(context, row);
      const number = numberIn(input, context);
      const verdict = judgeRecovery({ row, newest, number, keyHash: hash, now: context.clock.now() });
      const request = { certificateRequest, hash, wishes, cause: "recovery", follows: number } as const;
      return carryOut(verdict, { row, newest, request, context });
    });
  }),
];

interface Case {
  readonly row: Device;
  readonly newest: Certificate;
  readonly request: Parameters<typeof issue>[1];
  readonly context: DevicesContext;
}

/** Throws Conflict, and Problem where the device gets nothing. */
async function carryOut(verdict: Verdict, { row, newest, request, context }: Case): Promise<Given> {
  const identity = identityOf(row);
  switch (verdict.kind) {
    case "issue":
      return issue(row, request, context);
    case "repeat":
      return repeated(newest, context);
    case "retired":
      return retirementOf(row.id, context);
    case "wait": {
      const waiting = { ...identity, waitsFor: "recovery" as const, contender: request.hash };
      if (identity.waitsFor !== "recovery" || identity.contender !== request.hash)
        await context.store.commit(updated(device, row, { identity: waiting }, "waiting"));
      return { state: "waiting" };
    }
    case "lock": {
      const doubted = { ...identity, doubt: verdict.why, contender: request.hash };
      context.log.warn("two hold the identity of a device", { device: row.id, why: verdict.why });
      await context.store.commit(...doubting(row, doubted));
      context.link.resync(row.id);
      throw new Problem("forbidden", `${verdict.why}; an operator has to split, replace or retire the device`);
    }
    case "expired":
      throw new Problem("not-signed-in", `${verdict.why}; recover at /edgemere/${recoverAgent.path}`);
    case "refuse":
      throw new Problem("forbidden", verdict.why);
  }
}

/** Both holders are in quarantine, which is a state of their one row. */
function doubting(row: Device, identity: NonNullable<Device["identity"]>) {
  const told = updated(device, row, { identity }, "doubted");
  if (row.state !== "active") return [told];
  const after = { ...row, identity, version: row.version + 1 };
  return [told, moved(device, after, "quarantine", { quarantineReason: identity.doubt })];
}

/** Nothing is remembered of it: who has one can only ask again for what its own key gets anyway. */
function challengeOf(id: string, expiresAt: number, { authority }: DevicesContext): string {
  // The join state of nobody is never given out, so it is a secret that survives restarts.
  const key = authority.joinStates.sign({ device: "", number: 0 });
  const seal = createHmac("sha256", key).update(`challenge\n${id}\n${expiresAt}`).digest("base64url");
  return `${expiresAt}.${seal}`;
}

function refuseStale({ device: id, challenge }: InputOf<typeof recoverAgent>, context: DevicesContext): void {
  const expiresAt = Number(challenge.split(".")[0]);
  const expected = Buffer.from(challengeOf(id, expiresAt, context));
  const shown = Buffer.from(challenge);
  if (shown.length === expected.length && timingSafeEqual(shown, expected) && context.clock.now() < expiresAt) return;
  throw new Problem("forbidden", `this challenge is not from here or too old; ask for one at ${challengeAgent.path}`);
}

function isSigned(input: InputOf<typeof recoverAgent>, { messageKey }: Device): boolean {
  const key = Buffer.from(messageKey, "base64");
  if (key.length !== 32) return false;
  return verify(null, recoveryStatement(input), publicKeyFromBytes(key), Buffer.from(input.signature, "base64"));
}

/** 0: it has none, being from before there were any. */
function numberIn({ device: id, joinState }: InputOf<typeof recoverAgent>, { authority }: DevicesContext): number {
  if (joinState === "") return 0;
  const state = authority.joinStates.read(joinState);
  if (state?.device !== id) throw new Problem("forbidden", NOT_PROVED);
  return state.number;
}
