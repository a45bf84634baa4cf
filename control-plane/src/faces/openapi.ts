import type { TObject, TSchema } from "@sinclair/typebox";
import type { AnyAction } from "../platform/action.ts";
import { ANYONE } from "../platform/caller.ts";
import { INSTANT_FORMS, isInstant } from "../platform/instant.ts";
import { problems, type ProblemType } from "../platform/problem.ts";
import type { FaceParts } from "./face.ts";
import { methodsOf } from "./request.ts";

const DESCRIPTION = `
Every action has one address: \`/edgemere/<path>\`, in any mix of capitals. What only reads is asked for with GET or POST,
the rest with POST, and what destroys also with DELETE. Parameters come in the query or in a JSON body; lists in a query
repeat the name, objects are JSON text. Secrets are taken from the body only.

A refusal is a problem document (RFC 9457) whose \`type\` leads to a page that explains it. A write with an
\`Idempotency-Key\` is done once however often it is sent. Lists go on with \`cursor\`, taken from \`next\`.
`.trim();

/** The actions as an OpenAPI 3.1 document. */
export const openApiOf = ({ actions, version }: Pick<FaceParts, "actions" | "version">) => ({
  openapi: "3.1.0",
  info: {
    title: "Edgemere",
    version,
    description: DESCRIPTION,
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  servers: [{ url: "/" }],
  tags: [...new Set(actions.map(tagOf))].toSorted().map((name) => ({ name })),
  paths: Object.fromEntries(actions.map((action) => [`/edgemere/${action.path as string}`, pathItem(action)])),
  components: {
    schemas: { Problem },
    responses: Object.fromEntries(
      Object.entries(problems).map(([type, { title }]) => [
        type,
        {
          description: title,
          content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
        },
      ]),
    ),
    securitySchemes: {
      token: { type: "http", scheme: "bearer", description: "An API token or a session: edt_<id>_<secret>" },
      cookie: { type: "apiKey", in: "cookie", name: "edgemere_session", description: "What the portal signs in with" },
    },
  },
});

const Problem = {
  type: "object",
  required: ["type", "title", "status", "detail"],
  properties: {
    type: { type: "string", examples: ["/problems/not-found"] },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string", description: "What was wrong, where, and what to do" },
    errors: {
      type: "array",
      items: { type: "object", properties: { pointer: { type: "string" }, detail: { type: "string" } } },
    },
    requestId: { type: "string" },
  },
};

const tagOf = ({ path }: AnyAction): string => (path as string).split("/").slice(0, -1).join(" ");

// HEAD is GET without its body, and POST of what can be read is told once for all above.
const pathItem = (action: AnyAction) =>
  Object.fromEntries(
    methodsOf(action)
      .filter((method) => method !== "HEAD" && !(method === "POST" && action.effect === "read"))
      .map((method) => [method.toLowerCase(), operation(action, method)]),
  );

function operation(action: AnyAction, method: string) {
  const id = (action.path as string).replaceAll("/", ".");
  return {
    operationId: method === "DELETE" ? `${id}.delete` : id,
    tags: [tagOf(action)],
    summary: action.summary,
    ...(action.description !== undefined && { description: action.description }),
    "x-effect": action.effect,
    "x-permission": action.permission,
    security: action.permission === ANYONE ? [] : [{ token: [] }, { cookie: [] }],
    ...(method === "POST"
      ? {
          parameters: [idempotencyKey],
          requestBody: {
            required: isInputNeeded(action),
            content: { "application/json": { schema: written(action.input as TObject) } },
          },
        }
      : { parameters: parametersOf(action) }),
    responses: {
      200: { description: "Done", content: { "application/json": { schema: action.output as TSchema } } },
      ...Object.fromEntries(
        refusalsOf(method).map((type) => [problems[type].status, { $ref: `#/components/responses/${type}` }]),
      ),
    },
  };
}

const idempotencyKey = {
  name: "Idempotency-Key",
  in: "header",
  schema: { type: "string", maxLength: 255 },
  description: "The same key with the same input is done once",
};

const isInputNeeded = ({ input }: AnyAction): boolean => ((input as TObject).required ?? []).length > 0;

const parametersOf = ({ input, secrets = [] }: AnyAction) => {
  const { properties, required = [] } = input as TObject;
  return Object.entries(properties)
    .filter(([name]) => !secrets.includes(name))
    .map(([name, schema]) => ({
      name,
      in: "query",
      required: required.includes(name),
      ...(schema.description !== undefined && { description: schema.description }),
      ...(schema["type"] === "object"
        ? { content: { "application/json": { schema } } }
        : { schema: isInstant(schema) ? writtenInstant(schema) : schema }),
    }));
};

/** An input as it may be written: handlers get instants as numbers, and whoever asks may give text. */
const written = (input: TObject): object => ({
  ...input,
  properties: Object.fromEntries(
    Object.entries(input.properties).map(([name, schema]) => [
      name,
      isInstant(schema) ? writtenInstant(schema) : schema,
    ]),
  ),
});

const writtenInstant = ({ description, ...schema }: TSchema): object => ({
  description,
  anyOf: [schema, { type: "string", description: INSTANT_FORMS }],
});

function refusalsOf(method: string): readonly ProblemType[] {
  return [
    "invalid-input",
    // Also where nobody needs a credential: one that is shown must be good, and what the input proves itself with.
    "not-signed-in",
    "forbidden",
    "not-found",
    // Reading too: of what is not all there yet.
    "conflict",
    ...(method === "POST" ? (["too-large", "unsupported-media-type"] as const) : []),
    "too-many-requests",
    "internal",
  ];
}
