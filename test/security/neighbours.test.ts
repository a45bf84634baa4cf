import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { declaredActions, startServed, type Served } from "../conformance/served.ts";

let served: Served;
before(async () => {
  served = await startServed();
});
after(() => served[Symbol.asyncDispose]());

interface Property {
  readonly "x-ref"?: string;
}
const sep = "\u0000";
const strange = (known: string) => [
  `${known}${sep}`,
  `${known}${sep}s`,
  `${sep}${known}`,
  `srow${sep}sapitoken${sep}s${known}`,
  `${known}\u0001\u0001`,
  "\uffff",
  `../${known}`,
  `${known}/`,
  `${known}%00`,
  `${known} `,
  "__proto__",
  "constructor",
  "x".repeat(256),
];

test("T33 no id with separators, NUL or words of the language, and no endless one, reaches a row that has another id", async () => {
  const { id } = await served.client.call("ia/token/create", { name: "real", permissions: ["device:read"] });
  for (const action of declaredActions) {
    const properties = (action.input as { properties: Record<string, Property> }).properties;
    const [field, { "x-ref": kind = "" }] = Object.entries(properties).find(([, each]) => each["x-ref"]) ?? ["", {}];
    if (field === "") continue;
    for (const ref of [...strange(kind === "user" ? "olga" : id), "x".repeat(257), "x".repeat(100_000)]) {
      const { status, body } = await served.ask("POST", `edgemere/${action.path as string}`, {
        token: served.token,
        input: { [field]: ref, name: "x", kind: "ping" },
      });
      assert.ok(
        status === 404 || status === 400,
        `${action.path as string} of ${JSON.stringify(ref.slice(0, 40))}: ${status} ${JSON.stringify(body)}`,
      );
    }
  }
  const { items } = await served.client.call("ia/token/list", {});
  assert.equal(items.find((each) => each.id === id)?.state, "active");
});

test("T33 a cursor that somebody made up, or that is of another list, reads nothing of that list", async () => {
  await served.client.call("ia/token/create", { name: "one", permissions: ["device:read"] });
  const forged = [`srow${sep}sapitoken${sep}`, `srow${sep}suser${sep}solga${sep}`, `sevent${sep}`, "\uffff", ""];
  const cursors = forged.map((text) => Buffer.from(text).toString("base64url"));
  const { items } = await served.client.call("ia/audit/list", { limit: 1 });
  cursors.push(Buffer.from(`srow${sep}saudit${sep}s${items[0]?.id ?? ""}${sep}`).toString("base64url"));

  for (const path of ["cpl/dm/device/list", "cpl/dm/job/list", "diml/dml/fmdm/data/list", "cpl/dm/token/list"])
    for (const cursor of cursors) {
      const { status, body } = await served.ask("POST", `edgemere/${path}`, { token: served.token, input: { cursor } });
      assert.ok(status === 400 || (body["items"] as unknown[]).length === 0, `${path} ${status}`);
    }
});

test("T33 one token that asks without end is sent away, and another one is answered all the while", async () => {
  const tokenOf = async (name: string) =>
    (await served.client.call("ia/token/create", { name, permissions: ["device:read"] })).token;
  const [greedy, modest] = [await tokenOf("greedy"), await tokenOf("modest")];
  using live = served.live(greedy);
  const path = "cpl/dm/device/list";

  // Each by itself is sent away, or all with their connection.
  const answers = Promise.allSettled(Array.from({ length: 3_000 }, () => live.emit("call", { path })));
  const others = await Promise.all(
    Array.from({ length: 20 }, () => served.ask("GET", `edgemere/${path}`, { token: modest })),
  );

  assert.ok(others.every(({ status }) => status === 200));
  const refused = (await answers).filter(
    (each) => each.status === "rejected" || each.value.problem?.type === "/problems/too-many-requests",
  );
  assert.ok(refused.length > 100, `only ${refused.length} of 3000 were sent away`);
});
