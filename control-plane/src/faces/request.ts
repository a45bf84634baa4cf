import type { FastifyReply, FastifyRequest } from "fastify";
import type { AnyAction } from "../platform/action.ts";
import { Problem } from "../platform/problem.ts";

/** GET where nothing changes, POST always, DELETE also where something is destroyed. */
export const methodsOf = ({ effect }: AnyAction): readonly string[] => {
  if (effect === "read") return ["GET", "HEAD", "POST"];
  return effect === "destroy" ? ["POST", "DELETE"] : ["POST"];
};

export function refuseWrongMethod(action: AnyAction, { method }: FastifyRequest, reply: FastifyReply): void {
  const allowed = methodsOf(action);
  if (allowed.includes(method)) return;
  reply.header("allow", allowed.join(", "));
  throw new Problem(
    "method-not-allowed",
    `${action.path as string} is asked for with ${allowed.join(" or ")}, not ${method}`,
  );
}

/** The parameters from the address and from the body; where both name one, the body's counts. */
export function inputOf(action: AnyAction, request: Pick<FastifyRequest, "query" | "body">): unknown {
  const query = request.query as Readonly<Record<string, unknown>>;
  refuseSecretsIn(query, action);
  const { body } = request;
  if (body === undefined) return { ...query };
  return typeof body === "object" && body !== null && !Array.isArray(body) ? { ...query, ...body } : body;
}

// Addresses end up in histories and in the logs of every proxy on the way.
function refuseSecretsIn(query: Readonly<Record<string, unknown>>, { secrets = [], aliases = {} }: AnyAction): void {
  const shown = Object.keys(query).find((name) => secrets.includes(aliases[name] ?? name));
  if (shown === undefined) return;
  throw new Problem("invalid-input", `"${shown}" is a secret: send it in the body, never in the address`, {
    errors: [{ pointer: `/${shown}`, detail: "must be sent in the body" }],
  });
}
