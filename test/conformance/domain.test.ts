import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { dataOrchestrator } from "@edgemere/control-plane/contracts";
import { features } from "@edgemere/control-plane";
import { ProblemError, type Client, type Path } from "@edgemere/control-plane/client";
import { commandKinds as knownKinds, formatTopic, parseTopic } from "@edgemere/protocol";
import { classes } from "./domain-classes.ts";
import { messagesHandled, messagesSent } from "./domain-messages.ts";
import { actions, commandKinds, dangers, harmlessDestroying } from "./domain.ts";
import { declaredActions, declaredResources, startServed, type Served } from "./served.ts";

const addresses = Object.entries(actions);
/** Every action refuses it and says its own address: so an answer proves who was asked, and nothing happens. */
const stranger = { "no-such-parameter": "1" };
const isRefusedBy = (path: string) => new RegExp(`"no-such-parameter" is no parameter of ${path};`);
const methods = { read: ["GET", "POST"], write: ["POST"], destroy: ["POST", "DELETE"] } as const;

let served: Served;
before(async () => {
  served = await startServed();
});
after(() => served[Symbol.asyncDispose]());

test("what is declared is what the domain names, with the same effects", () => {
  const declared = Object.fromEntries(declaredActions.map(({ path, effect }) => [path as string, effect]));

  assert.deepEqual(sorted(declared), sorted(actions));
});

test("what is dangerous is what the domain says, and all that destroys is, but for what can be had again", () => {
  const dangerous = declaredActions.filter(({ danger }) => danger !== undefined);
  const destroying = declaredActions.filter(({ effect }) => effect === "destroy").map(({ path }) => path as string);

  const declared = dangerous.map(({ path, danger }) => {
    const [, input = {}] = dangers[path as Path] ?? [];
    return [path as string, [danger?.(input as never), input]] as const;
  });
  assert.deepEqual(sorted(Object.fromEntries(declared)), sorted(dangers));
  assert.deepEqual(
    destroying.filter((path) => dangers[path as Path] === undefined),
    harmlessDestroying,
  );
});

test("the command kinds are those that the domain names, with the same care", () => {
  const known = Object.entries(knownKinds).map(([kind, { onInterrupt, dangerous }]) => [
    kind,
    [onInterrupt, dangerous ? "dangerous" : "harmless"],
  ]);

  assert.deepEqual(Object.fromEntries(known), commandKinds);
});

for (const [path, effect] of addresses) {
  test(`${path} is asked over REST with ${methods[effect].join(" or ")} and no other method`, async () => {
    const { token } = served;
    const address = `edgemere/${path}`;
    const right = await Promise.all(
      methods[effect].map((method) =>
        method === "POST"
          ? served.ask(method, address, { token, input: stranger })
          : served.ask(method, `${address}?no-such-parameter=1`, { token }),
      ),
    );
    const wrong = ["GET", "DELETE", "PUT", "PATCH"].filter(
      (method) => !(methods[effect] as readonly string[]).includes(method),
    );
    const refused = await Promise.all(wrong.map((method) => served.ask(method, address, { token })));

    assert.deepEqual(
      right.map(({ status }) => status),
      right.map(() => 400),
    );
    for (const { body } of right) assert.match(String(body["detail"]), isRefusedBy(path));
    assert.deepEqual(
      refused.map(({ status }) => status),
      refused.map(() => 405),
    );
  });

  test(`${path} is a command, under its whole address and a shorter one`, async () => {
    const words = path.split("/");
    const whole = await served.type(...words, "--help");
    const [, name = ""] = /^Usage: edgemere ((?:[a-z]+ ?)+)/.exec(whole.output) ?? [];
    const tail = name.trim().split(" ");
    const short = await served.type(...tail, "--help");

    assert.equal(whole.code, 0, whole.output);
    assert.deepEqual(tail, words.slice(-tail.length));
    assert.deepEqual(short, whole);
  });

  test(`${path} is a member of the typed client and can be called over socket.io`, async () => {
    using live = served.live(served.token);

    const { problem } = await live.emit("call", { path, input: stranger });

    assert.match(problem?.detail ?? "", isRefusedBy(path));
    await assert.rejects(
      memberOf(served.client, path)(stranger),
      (error) => error instanceof ProblemError && isRefusedBy(path).test(error.message),
    );
  });
}

test("the OpenAPI document has every action with its methods, and nothing else", async () => {
  const { body } = await served.ask("GET", "edgemere/openapi.json");

  const told = Object.entries(body["paths"] as Record<string, object>).map(
    ([path, item]) => [path, Object.keys(item)] as const,
  );
  // POST of what can be read is told once for all in the document's introduction.
  const openApiMethods = { read: ["get"], write: ["post"], destroy: ["post", "delete"] };
  assert.deepEqual(
    sorted(Object.fromEntries(told)),
    sorted(Object.fromEntries(addresses.map(([path, effect]) => [`/edgemere/${path}`, openApiMethods[effect]]))),
  );
});

test("the catalogue has every action and every class with its events", async () => {
  const { body } = await served.ask("GET", "edgemere/catalogue.json");
  const catalogue = body as unknown as {
    readonly actions: readonly { readonly path: string; readonly effect: string }[];
    readonly resources: readonly { readonly name: string; readonly events: readonly string[] }[];
  };

  assert.deepEqual(
    sorted(Object.fromEntries(catalogue.actions.map((each) => [each.path, each.effect]))),
    sorted(actions),
  );
  assert.deepEqual(
    sorted(Object.fromEntries(catalogue.resources.map(({ name, events }) => [name, events.toSorted()]))),
    sorted(Object.fromEntries(Object.keys(classes).map((name) => [name, eventsOf(name).toSorted()]))),
  );
});

test("every class of the domain has the life that the domain gives it", () => {
  const lives = declaredResources.map((resource) => {
    const life = resource.life as { readonly initial: string; readonly diagram: () => string };
    const wanted = classes[resource.name as string];
    const arrows = [...life.diagram().matchAll(/^ {2}(\w+) --> (\w+):/gm)].map(
      ([, from = "", to = ""]) => `${from} → ${to}`,
    );
    const missing = (wanted?.life ?? []).flatMap(arrowsOf).filter((arrow) => !arrows.includes(arrow));
    return [resource.name as string, { initial: life.initial, missing }] as const;
  });

  assert.deepEqual(
    sorted(Object.fromEntries(lives)),
    sorted(Object.fromEntries(Object.entries(classes).map(([name, { initial }]) => [name, { initial, missing: [] }]))),
  );
});

test("every event can be subscribed to over socket.io and has a topic for MQTT subscribers", async () => {
  for (const name of Object.keys(classes)) {
    using live = served.live(served.token);
    const types = eventsOf(name);
    const { problem } = await live.emit("subscribe", { types });
    assert.equal(problem, undefined);
    for (const type of types) {
      const [, word = ""] = type.split(".");
      const topic = formatTopic("domainEvent", { class: name, event: word });
      assert.equal(topic, `edgemere/v1/events/${name}/${word}`);
      assert.equal(parseTopic(topic)?.name, "domainEvent");
    }
  }
});

test("the Data Orchestrator handles exactly three messages", () => {
  const { rules = [] } = features.find(({ name }) => name === "data-orchestrator") ?? {};
  const event = { number: 1, type: "", subject: "the-id", at: 0, data: { id: "the-id" } };

  const handled = rules.map((rule) => [rule.event, [rule.action.path as string, rule.input(event)]]);

  assert.equal(rules.length, 3);
  assert.deepEqual(Object.fromEntries(handled), messagesHandled);
});

test("the Data Orchestrator sends what the domain names", () => {
  const { resources = [] } = features.find(({ name }) => name === "data-orchestrator") ?? {};
  const sent = resources.flatMap((resource) => eventsOf(resource.name as string));

  assert.deepEqual(
    messagesSent.filter((type) => !sent.includes(type)),
    [],
  );
});

test("the published parameters of the Data Orchestrator are taken, attr1 among them", () => {
  const { evaluate, reserve, createInstance, destroyInstance, findInstance, listInstances } = dataOrchestrator;

  assert.deepEqual(Object.keys(evaluate.input.properties), ["request"]);
  assert.deepEqual(Object.keys(reserve.input.properties), ["request"]);
  assert.deepEqual(Object.keys(createInstance.input.properties), ["dataref"]);
  assert.equal(destroyInstance.aliases?.["attr1"], "id");
  assert.equal(findInstance.aliases?.["attr1"], "id");
  assert.equal(listInstances.aliases?.["attr1"], "selector");
});

const sorted = (record: Readonly<Record<string, unknown>>) =>
  Object.entries(record).toSorted(([one], [other]) => (one < other ? -1 : 1));

/** Pairs of neighbours in "a → b → c". */
function arrowsOf(chain: string): readonly string[] {
  const states = chain.split(" → ");
  return states.slice(1).map((to, index) => `${states[index] ?? ""} → ${to}`);
}

function eventsOf(name: string): readonly string[] {
  const { life = [], news = [] } = classes[name] ?? {};
  const states = [...new Set(life.flatMap((chain) => chain.split(" → ")))];
  return ["create", "updated", "destroy", ...states, ...news].map((word) => `${name}.${word}`);
}

type Member = (input: unknown) => Promise<unknown>;

/** `client.edgemere.diml.dml.do.reserve` of `diml/dml/do/reserve`. */
const memberOf = ({ edgemere }: Client, path: string): Member =>
  path.split("/").reduce<unknown>((member, word) => (member as Record<string, unknown>)[word], edgemere) as Member;
