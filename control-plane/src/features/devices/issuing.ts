import { MINUTE } from "@edgemere/protocol/kit";
import { seal, v1 } from "@edgemere/protocol";
import { created, moved, put, updated, type Change } from "../../platform/change.ts";
import { table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";
import { certificate, type Certificate } from "./certificate-contract.ts";
import { identityOf, recentRecoveries } from "./certificate-life.ts";
import type { DevicesContext } from "./context.ts";
import { device, type Device } from "./contract.ts";

/** So long the former certificate is good beside one that has not connected yet. */
const BOTH_ACCEPTED = 10 * MINUTE;

/** Certificates as they were given, so that a lost answer can be given once more. The id is the serial number. */
export const texts = table<{ readonly id: string; readonly pem: string; readonly chain: readonly string[] }>(
  "certificatetext",
);

/** What a device gets that asked for a certificate. */
export type Given =
  | {
      readonly state: "issued";
      readonly certificate: string;
      readonly chain: string[];
      readonly joinState: string;
    }
  | { readonly state: "waiting" }
  | { readonly state: "retired"; readonly head: string };

/** A key that was proved, and what for it gets a certificate. */
interface Request {
  readonly certificateRequest: string;
  readonly hash: string;
  readonly wishes: readonly string[];
  readonly cause: Certificate["cause"];
  /** Number of the join state that was shown: higher than any known here after a restore from an older backup. */
  readonly follows?: number;
}

/** The newest certificate of a device. One from before they had rows counts as number 0, in use. */
export async function newestOf({ store }: Pick<DevicesContext, "store">, row: Device): Promise<Certificate> {
  const { serial, notAfter } = row.certificate;
  return (
    (await store.get(certificate, serial)) ?? {
      id: serial,
      version: 0,
      createdAt: row.createdAt,
      updatedAt: row.createdAt,
      state: "current",
      device: row.id,
      number: 0,
      notAfter,
      keyHash: "",
      cause: "enrolment",
      acceptedUntil: 0,
      wishes: [],
    }
  );
}

/** Certifies a key, and makes that known with everything that follows from it in one commit. Throws Conflict. */
export async function issue(row: Device, request: Request, context: DevicesContext): Promise<Given> {
  const { store, clock, authority, log } = context;
  const { hash, wishes, cause, certificateRequest, follows = 0 } = request;
  const now = clock.now();
  const before = identityOf(row);
  const issued = await authority.issue(certificateRequest, row.id);
  const number = Math.max(before.number, follows, (await newestOf(context, row)).number) + 1;
  const isApproved = before.approvedKey === hash;
  // Who is trusted on other grounds than the certificate before it leaves that certificate behind at once.
  const acceptedUntil = cause === "renewal" && !isApproved ? now + BOTH_ACCEPTED : 0;
  const recoveries = [...recentRecoveries(before, now), ...(cause === "recovery" && !isApproved ? [now] : [])];
  const identity = {
    ...before,
    number,
    recoveries,
    ...(isApproved && { approvedKey: "", waitsFor: "" as const, contender: "" }),
  };
  const draft = { device: row.id, number, notAfter: issued.notAfter, keyHash: hash, cause, wishes: [...wishes] };
  if (wishes.length > 0) log.warn("a certificate request asks for more than it gets", { device: row.id, wishes });
  await store.commit(
    created(certificate, issued.serial, { ...draft, acceptedUntil: 0 }),
    put(texts, { id: issued.serial, pem: issued.certificate, chain: issued.chain }),
    updated(
      device,
      row,
      { certificate: { serial: issued.serial, notAfter: issued.notAfter }, identity },
      ...(wishes.length > 0 ? (["presumptuous"] as const) : []),
    ),
    ...(await leftBehind(row, acceptedUntil, store)),
  );
  return given(row.id, number, { pem: issued.certificate, chain: issued.chain }, context);
}

/** The same certificate once more, for the key that it was issued to. */
export async function repeated({ id, device: holder, number }: Certificate, context: DevicesContext): Promise<Given> {
  const text = await context.store.get(texts, id);
  if (text === undefined) throw new Error(`the certificate ${id} is not kept`);
  return given(holder, number, text, context);
}

/** The only word on which a device gives up its identity: signed, and for this device. */
export const retirementOf = (
  id: string,
  { clock, signer, generation }: DevicesContext,
): Extract<Given, { state: "retired" }> => {
  const head = { device: id, asOfMs: clock.now(), generation: generation(), retired: true };
  const envelope = v1.SignedEnvelope.encode(seal("syncHead", head, ...signer.keysFor("commands"))).finish();
  return { state: "retired", head: Buffer.from(envelope).toString("base64") };
};

const given = (
  holder: string,
  number: number,
  { pem, chain }: { readonly pem: string; readonly chain: readonly string[] },
  { authority }: DevicesContext,
): Given => ({
  state: "issued",
  certificate: pem,
  chain: [...chain],
  joinState: authority.joinStates.sign({ device: holder, number }),
});

/** What becomes of the certificates before: those of the device that still hold. */
async function leftBehind(row: Device, acceptedUntil: number, store: Store): Promise<readonly Change[]> {
  const changes: Change[] = [];
  for await (const each of store.scan(certificate, { index: "device", prefix: [row.id] })) {
    if (each.state !== "issued" && each.state !== "current") continue;
    const isUsed = each.id === row.certificate.serial || each.state === "current";
    changes.push(
      acceptedUntil > 0 && isUsed
        ? updated(certificate, each, { acceptedUntil: each.acceptedUntil || acceptedUntil })
        : moved(certificate, each, "replace"),
    );
  }
  const isKnown = row.certificate.serial === "" || (await store.get(certificate, row.certificate.serial)) !== undefined;
  if (isKnown) return changes;
  const { serial, notAfter } = row.certificate;
  const former = { device: row.id, number: 0, notAfter, keyHash: "", cause: "enrolment" as const, wishes: [] };
  return [
    ...changes,
    created(certificate, serial, { ...former, acceptedUntil }, acceptedUntil > 0 ? "current" : "superseded"),
  ];
}
