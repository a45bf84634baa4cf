import { SECOND, type Loop } from "@edgemere/protocol/kit";
import { moved, updated, type Change } from "../../platform/change.ts";
import { repeatOnConflict, unlessMoved } from "../../platform/repeat.ts";
import type { Answer, NotifierContext } from "./context.ts";
import { contact, type Contact } from "./contract.ts";
import { bodyOf, mailOf, oneLine } from "./message.ts";
import { notice, type Notice } from "./notice-contract.ts";
import { signedHeaders } from "./signature.ts";
import { isDue, isOver, nextTry, pauseAfter, verdictOn } from "./trying.ts";

const ANSWER_LENGTH = 300;

/** Whom a sealed secret belongs to. */
export const ownerOf = (name: string): string => `contact/${name}`;

/**
 * Sends what is due, one notice at a time for each contact and in their order, so that the end of an alert never overtakes its beginning.
 * Several of these loops run beside each other: who does not answer holds up one of them, for as long as an answer may take.
 */
export const sendNotices = (lane: number, context: NotifierContext): Loop => ({
  name: `send notices ${lane}`,
  every: SECOND,
  onError: (error) => context.log.error("loop failed", { loop: `send notices ${lane}`, error }),
  step: async () => {
    const { clock, notifier } = context;
    const due = await nextDue(context);
    if (due === undefined) return "settled";
    using _ = notifier.tally.take(due.to, clock.monotonic());
    await attempt(due, context);
    return "more";
  },
});

interface Due {
  readonly row: Notice;
  readonly to: Contact;
}

async function nextDue({ store, clock, notifier: { tally } }: NotifierContext): Promise<Due | undefined> {
  if ((await store.list(notice, { index: "waiting", limit: 1 })).items.length === 0) return undefined;
  for await (const to of store.scan(contact)) {
    const [row] = (await store.list(notice, { index: "waiting", prefix: [to.name], limit: 1 })).items;
    // Nothing is waited for between this look and what follows it.
    if (row !== undefined && isDue(row, clock.now()) && tally.isFree(to.name, clock.monotonic())) return { row, to };
  }
  return undefined;
}

/** A try is written down before it is made: where it could not be, or the process dies in it, the next one does not follow at once. */
async function attempt({ row, to }: Due, context: NotifierContext): Promise<void> {
  const { store, clock, random, log, notifier } = context;
  if (isOver(row, clock.now())) {
    await store.commit(moved(notice, row, "giveUp")).catch(unlessMoved);
    log.warn("a notice is given up", { notice: row.id, contact: to.name, answer: row.answer });
    return;
  }
  const attempts = row.attempts + 1;
  const dueAt = nextTry(row, clock.now() + pauseAfter(attempts, random));
  await store.commit(updated(notice, row, { attempts, dueAt }));
  const tried = await store.get(notice, row.id);
  if (tried === undefined) return;
  const answer = await carried(tried, to, context);
  if (answer.isGivenUp === true) return;
  const verdict = verdictOn(answer, to.kind);
  notifier.tally.tried(to.kind, verdict);
  if (verdict !== "taken") log.debug("a notice was not taken", { notice: row.id, contact: to.name, ...answer });
  await repeatOnConflict(async () => {
    const [now, there] = [await store.get(notice, row.id), await store.get(contact, to.name)];
    // Whoever destroyed the contact meanwhile has ended its notices.
    if (now?.state !== "waiting" || there === undefined) return;
    const changes = afterwards(now, verdict, answer, context);
    await store.commit(changes, ...contactAfterwards(there, verdict, wordsOf(answer)));
  });
}

/** It is told once that a contact does not take what it is sent, and once that it does again. */
function contactAfterwards(to: Contact, verdict: ReturnType<typeof verdictOn>, reason: string): readonly Change[] {
  if (verdict === "taken") return to.state === "failing" ? [moved(contact, to, "recover", { reason: "" })] : [];
  return to.state === "working" ? [moved(contact, to, "fail", { reason })] : [];
}

const wordsOf = ({ status, text }: Answer): string =>
  oneLine(`${status === 0 ? "" : `${status} `}${text}`, ANSWER_LENGTH);

function afterwards(row: Notice, verdict: ReturnType<typeof verdictOn>, given: Answer, context: NotifierContext) {
  const { clock, random } = context;
  const answer = wordsOf(given);
  if (verdict === "taken") return moved(notice, row, "deliver", { answer, deliveredAt: clock.now() });
  if (verdict === "refused") return moved(notice, row, "refuse", { answer });
  const dueAt = nextTry(row, clock.now() + pauseAfter(row.attempts, random, given.retryAfter));
  return updated(notice, row, { answer, dueAt });
}

async function carried(row: Notice, to: Contact, context: NotifierContext): Promise<Answer> {
  const { roads, sealing, trustDomain } = context.notifier;
  if (to.kind === "mail")
    return roads.mail({ to: to.address, messageId: `<${row.id}@${trustDomain}>`, ...mailOf(row, trustDomain) });
  const body = bodyOf(row, trustDomain);
  const secret = sealing.open(to.sealedSecret ?? "", ownerOf(to.name));
  if (secret === undefined) {
    const text = "its secret cannot be opened: it was sealed by another authority; give the contact a new one";
    return { status: 0, text, isForbidden: true };
  }
  const headers = signedHeaders({ id: row.id, at: context.clock.now(), body }, secret);
  return roads.webhook({ url: to.address, headers: { ...headers, "content-type": "application/json" }, body });
}
