import { handle } from "../../platform/action.ts";
import { created, destroyed, moved, removed, updated } from "../../platform/change.ts";
import { pageOf } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { policy } from "../policies/contract.ts";
import type { NotifierContext } from "./context.ts";
import * as contract from "./contract.ts";
import { ownerOf } from "./sending.ts";
import { newSecret } from "./signature.ts";
import { hearings } from "./tables.ts";

const { contact, notice } = contract;
type Contact = contract.Contact;

const CONTACTS_AT_MOST = 500;
/** Rows of one commit. */
const STEP = 500;

export const contactActions = [
  handle(
    contract.createContact,
    async ({ name, kind, address, secret, groupFor = 5, perMinute = 12 }, context: NotifierContext, { actor }) => {
      const { store, random, notifier } = context;
      refuseSecretOfMail(kind, secret);
      notifier.roads.refuse({ kind, address });
      if ((await store.count(contact)) >= CONTACTS_AT_MOST)
        throw new Problem("conflict", `there are ${CONTACTS_AT_MOST} contacts already; destroy one that nobody needs`);
      const made = kind === "webhook" && secret === undefined ? newSecret(random) : undefined;
      const sealed = sealedFor(name, secret ?? made, context);
      // Its name is its id, so that two at once cannot have the same.
      await store.commit(
        created(contact, name, { name, kind, address, groupFor, perMinute, author: actor, reason: "", ...sealed }),
      );
      return { ...shown(await resolve(store, contact, name)), ...(made !== undefined && { newSecret: made }) };
    },
  ),
  handle(
    contract.updateContact,
    async ({ contact: name, secret, renew = false, ...given }, context: NotifierContext, { actor }) => {
      const { store, random, notifier } = context;
      if (renew && secret !== undefined)
        throw new Problem("invalid-input", '"renew" makes a new secret: leave it out, or leave out "secret"');
      const made = renew ? newSecret(random) : undefined;
      return repeatOnConflict(async () => {
        const row = await resolve(store, contact, name);
        refuseSecretOfMail(row.kind, secret ?? made);
        notifier.roads.refuse({ kind: row.kind, address: given.address ?? row.address });
        const sealed = sealedFor(row.name, secret ?? made, context);
        await store.commit(updated(contact, row, { ...given, ...sealed, author: actor }));
        return { ...shown(await resolve(store, contact, name)), ...(made !== undefined && { newSecret: made }) };
      });
    },
  ),
  handle(contract.destroyContact, async ({ contact: name }, { store }: NotifierContext) =>
    repeatOnConflict(async () => {
      const row = await resolve(store, contact, name);
      await refuseUsed(name, store);
      for (;;) {
        const waiting = await store.list(notice, { index: "waiting", prefix: [name], limit: STEP });
        const heard = await store.list(hearings, { index: "contact", prefix: [name], limit: STEP });
        const isLast = waiting.next === undefined && heard.next === undefined;
        await store.commit(
          ...waiting.items.map((each) => moved(notice, each, "giveUp", { answer: "its contact was destroyed" })),
          ...heard.items.map(({ id }) => removed(hearings, id)),
          ...(isLast ? [destroyed(contact, row)] : []),
        );
        if (isLast) return shown(row);
      }
    }),
  ),
  handle(contract.findContact, async ({ contact: name }, { store }: NotifierContext) =>
    shown(await resolve(store, contact, name)),
  ),
  handle(contract.listContacts, async ({ state: states, limit = 50, cursor }, { store }: NotifierContext) => {
    const page = await pageOf(store, contact, { states, limit, cursor });
    return { ...page, items: page.items.map(shown) };
  }),
  handle(contract.testContact, async ({ contact: name }, context: NotifierContext) => {
    const { store, clock, newId, notifier } = context;
    const to = await resolve(store, contact, name);
    const [id, now] = [newId(), clock.now()];
    const times = { dueAt: now, giveUpAt: now + notifier.tryFor };
    const draft = { contact: to.name, told: [], place: store.lastNumber, attempts: 0, answer: "", ...times };
    await store.commit(created(notice, id, draft));
    return resolve(store, notice, id);
  }),
];

const sealedFor = (name: string, secret: string | undefined, { notifier }: NotifierContext) =>
  secret === undefined ? {} : { sealedSecret: notifier.sealing.seal(secret, ownerOf(name)) };

function refuseSecretOfMail(kind: Contact["kind"], secret: string | undefined): void {
  if (kind === "mail" && secret !== undefined)
    throw new Problem("invalid-input", 'mail is not signed: leave out "secret" and "renew"');
}

async function refuseUsed(name: string, store: Store): Promise<void> {
  const users: string[] = [];
  for await (const each of store.scan(policy))
    if ((each.effects ?? []).some((effect) => effect.do === "notify" && effect.contacts.includes(name)))
      users.push(each.name);
  if (users.length > 0)
    throw new Problem(
      "conflict",
      `the contact "${name}" is named by the policies ${users.join(", ")}: take it out of their effects first`,
    );
}

const shown = ({ name, kind, address, groupFor, perMinute, author, state, reason, createdAt, updatedAt }: Contact) => ({
  name,
  kind,
  address,
  groupFor,
  perMinute,
  author,
  state,
  reason,
  createdAt,
  updatedAt,
});
