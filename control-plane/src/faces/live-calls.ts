import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { AnyAction } from "../platform/action.ts";
import { Problem } from "../platform/problem.ts";
import { ask } from "./ask.ts";
import type { FaceParts } from "./face.ts";
import { hear, type LiveSocket } from "./live-socket.ts";

const AT_ONCE = 64;

const Call = Type.Object({
  path: Type.String({ maxLength: 256 }),
  input: Type.Optional(Type.Unknown()),
  idempotencyKey: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
});

/** `call { path, input, idempotencyKey? }` → `{ output }` or `{ problem }`. */
export function answerCalls(socket: LiveSocket, parts: FaceParts, actions: ReadonlyMap<string, AnyAction>): void {
  let running = 0;
  hear(socket, "call", parts, async (message, asking) => {
    if (!Value.Check(Call, message))
      throw new Problem(
        "invalid-input",
        "call takes { path, input, idempotencyKey? }: the path of an action and its input",
      );
    if (running >= AT_ONCE)
      throw new Problem("too-many-requests", `more than ${AT_ONCE} calls at once; wait for answers before asking more`);
    running++;
    try {
      const { path, input = {}, idempotencyKey } = message;
      const caller = { ...asking, idempotencyKey };
      const action = actions.get(path.toLowerCase());
      // An unknown path goes to dispatch too: it tells which ones come near.
      if (action === undefined) return { answer: { output: await parts.dispatch(path, input, caller) } };
      return { answer: { output: await ask(parts.dispatch, action, input, caller) } };
    } finally {
      running--;
    }
  });
}
