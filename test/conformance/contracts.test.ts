import assert from "node:assert/strict";
import { test } from "node:test";
import { features, type AnyAction } from "@edgemere/control-plane";
import { commandKinds, streamNames } from "@edgemere/protocol";
import { declaredActions, declaredResources } from "./served.ts";

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
}

interface Life {
  readonly initial: string;
  readonly states: readonly string[];
  readonly signals: (state: string) => readonly string[];
  readonly next: (state: string, signal: string) => string;
}

const pathOf = ({ path }: AnyAction): string => path as string;

test("every action says in one sentence what it does, without a full stop", () => {
  const mute = declaredActions.filter(({ summary }) => !/^[A-Z].{8,118}[^.\s]$/.test(summary)).map(pathOf);

  assert.deepEqual(mute, []);
});

test("every address is in lower case, one word a part, and stands once", () => {
  const paths = declaredActions.map(pathOf);

  assert.deepEqual(
    paths.filter((path) => !/^[a-z]+(\/[a-z]+)+$/.test(path)),
    [],
  );
  assert.equal(new Set(paths).size, paths.length);
});

test("every action names a permission, and what only reads needs none that writes", () => {
  const unguarded = declaredActions
    .filter(({ permission }) => !/^(anyone|[a-z]+:[a-z]+)$/.test(permission))
    .map(pathOf);
  const writing = new Set(
    declaredActions.filter(({ effect }) => effect !== "read").map(({ permission }) => permission),
  );
  const shared = declaredActions
    .filter(({ effect, permission }) => effect === "read" && permission.endsWith(":read") && writing.has(permission))
    .map(pathOf);

  assert.deepEqual(unguarded, []);
  assert.deepEqual(shared, []);
});

test("who has no credentials may only ask what proves itself in its input or tells nothing", () => {
  const open = declaredActions.filter(({ permission }) => permission === "anyone").map(pathOf);

  assert.deepEqual(open.toSorted(), [
    "cpl/dm/agent/challenge",
    "cpl/dm/agent/recover",
    "cpl/dm/agent/register",
    "ia/password/reset",
    "ia/setup",
    "ia/signin",
    "ia/signout",
    "ia/sso/begin",
    "ia/sso/finish",
    "ia/status",
    "ia/whoami",
  ]);
});

test("every input field says what it is", () => {
  const silent = declaredActions.flatMap((action) =>
    Object.entries((action.input as Schema).properties ?? {})
      .filter(([, { description = "" }]) => description.length < 3)
      .map(([name]) => `${pathOf(action)} ${name}`),
  );

  assert.deepEqual(silent, []);
});

test("every input field that takes an instant takes it in every form: as a date, from now, or as milliseconds", () => {
  const instants = declaredActions.flatMap((action) =>
    Object.entries((action.input as Schema).properties ?? {})
      .filter(([name, { type, description = "" }]) => type === "integer" && isAboutTime(name, description))
      .map(([name, schema]) => ({ field: `${pathOf(action)} ${name}`, isInstant: "x-instant" in schema })),
  );

  assert.deepEqual(
    instants.filter(({ isInstant }) => !isInstant),
    [],
  );
  assert.ok(instants.some(({ field }) => field === "cpl/ta/query from"));
});

/** Positions and counts are called so too. */
const isAboutTime = (name: string, description: string): boolean =>
  /1970|instant/i.test(description) ||
  (/^(from|to|since|until|before|at|.*At)$/.test(name) && !/position/i.test(description));

test("an unknown input field is refused by every action", () => {
  const lax = declaredActions.filter(({ input }) => (input as Schema).additionalProperties !== false).map(pathOf);

  assert.deepEqual(lax, []);
});

test("every field that is published under another name exists", () => {
  const lost = declaredActions.flatMap((action) =>
    Object.entries(action.aliases ?? {})
      .filter(([alias, name]) => !hasField(action, name) || hasField(action, alias))
      .map(([alias]) => `${pathOf(action)} ${alias}`),
  );

  assert.deepEqual(lost, []);
});

test("no answer holds what its action, or any class, declares as a secret", () => {
  const kept = new Set(declaredResources.flatMap(({ secrets }) => secrets));
  const told = declaredActions.flatMap((action) => {
    const secrets = new Set([...kept, ...(action.secrets ?? [])]);
    return namesIn(action.output as Schema)
      .filter((name) => secrets.has(name))
      .map((name) => `${pathOf(action)} ${name}`);
  });

  assert.ok(kept.size > 0);
  assert.deepEqual(told, []);
});

test("every input field that holds a secret is declared as one, and every secret is a field", () => {
  const secretish = /password|secret|^code$|^token$/i;
  const undeclared = declaredActions.flatMap((action) =>
    Object.keys((action.input as Schema).properties ?? {})
      .filter((name) => secretish.test(name) && !action.secrets?.includes(name))
      .map((name) => `${pathOf(action)} ${name}`),
  );
  const unknown = declaredActions.flatMap((action) =>
    (action.secrets ?? []).filter((name) => !hasField(action, name)).map((name) => `${pathOf(action)} ${name}`),
  );

  assert.deepEqual(undeclared, []);
  assert.deepEqual(unknown, []);
});

test("an answer with a secret in it is shown once", () => {
  const giving = declaredActions.filter(({ output }) => namesIn(output as Schema).includes("token"));

  assert.deepEqual(giving.filter(({ isShownOnce }) => isShownOnce !== true).map(pathOf), []);
});

test("every list has a page size, a cursor and an end", () => {
  const lists = declaredActions.filter(({ output }) => {
    const { items, next } = (output as Schema).properties ?? {};
    return items !== undefined && next !== undefined;
  });

  assert.ok(lists.length > 10);
  assert.deepEqual(lists.filter((action) => !hasField(action, "limit") || !hasField(action, "cursor")).map(pathOf), []);
});

/** What they are about is one state, or another word than a row's own state says what is meant. */
const LISTS_OF_ONE_STATE = [
  "cpl/dm/device/waiting",
  "cpl/dm/job/awaiting",
  "cpl/ta/outlet/list",
  "diml/dml/fmdm/query",
  "ia/audit/list",
];

test("every list of what has states can be asked for some of them", () => {
  const lists = declaredActions.filter(({ output }) => {
    const { items, next } = (output as Schema).properties ?? {};
    return items?.items?.properties?.["state"] !== undefined && next !== undefined;
  });
  const whole = lists.filter((action) => !hasField(action, "state") && !hasField(action, "selector")).map(pathOf);

  assert.ok(lists.length > 20);
  assert.deepEqual(whole.toSorted(), LISTS_OF_ONE_STATE);
});

test("every class has a name of its own, in one lower case word", () => {
  const names = declaredResources.map(({ name }) => name as string);

  assert.deepEqual(
    names.filter((name) => !/^[a-z]+$/.test(name)),
    [],
  );
  assert.equal(new Set(names).size, names.length);
});

test("every event of a class is unique, and none of its states is called like one", () => {
  for (const resource of declaredResources) {
    const states = (resource.life as Life | undefined)?.states ?? [];
    const words = ["create", "updated", "destroy", ...states, ...(resource.news as readonly string[])];

    assert.deepEqual(words.toSorted(), [...new Set(words)].toSorted(), resource.name as string);
    assert.deepEqual(
      words.filter((word) => !/^[a-z]+$/.test(word)),
      [],
    );
  }
});

test("every state of every life is reached from its first", () => {
  const stranded = declaredResources.flatMap((resource) => {
    const life = resource.life as Life | undefined;
    if (life === undefined) return [];
    const reached = reachedBy(life);
    return life.states.filter((state) => !reached.has(state)).map((state) => `${resource.name as string}.${state}`);
  });

  assert.deepEqual(stranded, []);
});

test("every rule listens to an event of its class and asks for an action that exists", () => {
  const paths = new Set(declaredActions.map(pathOf));
  const rules = features.flatMap((feature) => feature.rules ?? []);

  assert.ok(rules.length > 0);
  for (const { resource, event, action } of rules) {
    assert.ok(event.startsWith(`${resource.name as string}.`), event);
    assert.ok(paths.has(pathOf(action)), pathOf(action));
  }
});

test("some feature takes in every stream that a device sends", () => {
  const unheard = streamNames.filter((stream) => !features.some(({ receives }) => receives?.[stream] !== undefined));

  assert.deepEqual(unheard, []);
});

test("every command kind that the protocol knows can be asked for", () => {
  const create = declaredActions.find((action) => pathOf(action) === "cpl/dm/job/create");
  const kind = (create?.input as Schema | undefined)?.properties?.["kind"] as { anyOf: readonly { const: string }[] };

  assert.deepEqual(kind.anyOf.map((each) => each.const).toSorted(), Object.keys(commandKinds).toSorted());
});

const hasField = ({ input }: AnyAction, name: string): boolean =>
  Object.hasOwn((input as Schema).properties ?? {}, name);

/** The names of all fields, at any depth. */
function namesIn(schema: Schema): readonly string[] {
  const { properties = {}, items, anyOf = [], patternProperties = {} } = schema;
  const below = [
    ...Object.values(properties),
    ...(items ? [items] : []),
    ...anyOf,
    ...Object.values(patternProperties),
  ];
  return [...Object.keys(properties), ...below.flatMap(namesIn)];
}

function reachedBy({ initial, signals, next }: Life): ReadonlySet<string> {
  const reached = new Set([initial]);
  for (const state of reached) for (const signal of signals(state)) reached.add(next(state, signal));
  return reached;
}
