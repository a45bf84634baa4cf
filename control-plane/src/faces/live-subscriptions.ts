import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { matchesType } from "../platform/domain-event.ts";
import { refuseForgotten } from "../platform/event-retention.ts";
import { Problem } from "../platform/problem.ts";
import { eventsOf } from "../platform/resource.ts";
import type { FaceParts } from "./face.ts";
import { eventsFor, hear, type EventBatch, type LiveSocket } from "./live-socket.ts";
import { follow } from "./subscription.ts";

const AT_ONCE = 16;

const Subscribe = Type.Object({
  types: Type.Array(Type.String({ maxLength: 128 }), { minItems: 1, maxItems: 64 }),
  after: Type.Optional(Type.Integer({ minimum: 0 })),
});
const Unsubscribe = Type.Object({ subscription: Type.String() });

/**
 * `subscribe { types, after? }` → `{ subscription, from }`, and from then on batches: `events { subscription, events, next }`,
 * each after the one before was acknowledged. A slow receiver costs one batch of memory. `unsubscribe { subscription }` → `{}`.
 */
export function answerSubscriptions(socket: LiveSocket, parts: FaceParts): void {
  const { store, clock, log, newId } = parts;
  const known = parts.resources.flatMap(eventsOf);
  const running = new Map<string, AbortController>();
  socket.on("disconnect", () => {
    for (const each of running.values()) each.abort();
  });

  hear(socket, "subscribe", parts, async (message) => {
    if (!Value.Check(Subscribe, message))
      throw new Problem(
        "invalid-input",
        'subscribe takes { types, after? }: such as { types: ["device.*"], after: 0 }',
      );
    const { types, after = store.lastNumber } = message;
    refuseUnknown(types, known);
    if (after > store.lastNumber)
      throw new Problem("invalid-input", `the log of events ends at ${store.lastNumber}; ask again without "after"`);
    await refuseForgotten(store, after);
    if (running.size >= AT_ONCE)
      throw new Problem("too-many-requests", `more than ${AT_ONCE} subscriptions on one connection; end one first`);

    const subscription = newId();
    const stop = new AbortController();
    if (socket.disconnected) stop.abort();
    running.set(subscription, stop);
    const run = async () =>
      follow({
        store,
        clock,
        after,
        isWanted: ({ type }) => types.some((pattern) => matchesType(pattern, type)),
        deliver: async (wanted, next) => {
          // Judged with each batch: what was taken from somebody is not told to them any more.
          const events = await eventsFor(socket, wanted, parts);
          if (events === undefined) return void socket.disconnect(true);
          if (events.length > 0) await acknowledged(socket, stop.signal, { subscription, events, next });
        },
        signal: stop.signal,
      });
    const begin = () =>
      void run().catch((error: unknown) => {
        log.error("subscription failed", { subscription, error });
        socket.disconnect(true);
      });
    return { answer: { subscription, from: after }, begin };
  });

  hear(socket, "unsubscribe", parts, async (message) => {
    if (!Value.Check(Unsubscribe, message))
      throw new Problem("invalid-input", "unsubscribe takes { subscription }: the id that subscribe gave");
    running.get(message.subscription)?.abort();
    running.delete(message.subscription);
    return { answer: {} };
  });
}

function refuseUnknown(types: readonly string[], known: readonly string[]): void {
  const unknown = types.find((pattern) => !known.some((type) => matchesType(pattern, type)));
  if (unknown === undefined) return;
  const classes = [...new Set(known.map((type) => `${type.slice(0, type.indexOf("."))}.*`))].join(", ");
  throw new Problem("invalid-input", `there are no events "${unknown}"; there are: *, ${classes}`);
}

/** Resolves when the receiver acknowledged the batch, or the subscription ended. */
const acknowledged = (socket: LiveSocket, signal: AbortSignal, batch: EventBatch): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    // Taken back, since a subscription may last for months and each batch would leave a listener behind.
    const done = () => {
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done);
    socket.emit("events", batch, done);
  });
