import assert from "node:assert/strict";
import test from "node:test";
import { listActions } from "./actions.ts";
import { UsageError } from "./failure.ts";
import { bareField, fieldsOf, type Field } from "./fields.ts";
import { valueOf } from "./values.ts";

const action = (path: string) => listActions().find((each) => each.path === path)!;
const field = (path: string, name: string): Field => fieldsOf(action(path)).find((each) => each.name === name)!;
const files: Readonly<Record<string, string>> = {
  "run.sh": "#!/bin/sh\nid\n",
  "labels.yaml": "site: berlin\nrole: gw\n",
  broken: "{",
};
const valueFrom = (of: Field, ...typed: string[]) => valueOf(of, typed, async (name) => files[name] ?? "");

const kind = field("cpl/dm/job/create", "kind");
const args = field("cpl/dm/job/create", "arguments");
const queueTimeout = field("cpl/dm/job/create", "queueTimeout");
const labels = field("cpl/dm/device/label", "set");
const remove = field("cpl/dm/device/label", "remove");
const dataref = field("diml/dml/do/datainstance/create", "dataref");
const before = field("cpl/ta/forget", "before");
const roles = field("ia/user/create", "roles");
const effects = field("sa/pe/policy/create", "effects");

const readings: readonly (readonly [Field, readonly string[], unknown])[] = [
  [kind, ["exec"], "exec"],
  [queueTimeout, ["60"], 60],
  [effects, ['[{"do":"data","query":"kind:log"}]'], [{ do: "data", query: "kind:log" }]],
  [labels, ["site=berlin", "role=gw=1"], { site: "berlin", role: "gw=1" }],
  [labels, ["rack=17"], { rack: "17" }],
  [labels, ['{"site":"berlin"}'], { site: "berlin" }],
  [labels, ["@labels.yaml", "role=edge"], { site: "berlin", role: "edge" }],
  [args, ["count=3", "text=three", "deep=true"], { count: 3, text: "three", deep: true }],
  [args, ["content=@run.sh", "user=web"], { content: "#!/bin/sh\nid\n", user: "web" }],
  [args, ['{"program":"uname","arguments":["-a"]}'], { program: "uname", arguments: ["-a"] }],
  [before, ["-24h"], "-24h"],
  [before, ["2026-03-01T14:05:09.5+01:00"], "2026-03-01T14:05:09.5+01:00"],
  [remove, ["site", "role"], ["site", "role"]],
  [roles, ["viewer", "operator"], ["viewer", "operator"]],
  [dataref, ["logs"], "logs"],
  [dataref, ['{"name":"logs"}'], { name: "logs" }],
];
for (const [of, typed, expected] of readings)
  test(`--${of.flag} ${typed.join(" ")} is read as ${JSON.stringify(expected)}`, async () => {
    assert.deepEqual(await valueFrom(of, ...typed), expected);
  });

const refusals: readonly (readonly [Field, readonly string[], RegExp])[] = [
  [kind, ["dance"], /--kind takes one of ping, .* not "dance"/],
  [roles, ["viewer", "king"], /--roles takes one of viewer, .* not "king"/],
  [queueTimeout, ["soon"], /--queue-timeout takes a whole number, not "soon"/],
  [queueTimeout, ["1.5"], /--queue-timeout takes a whole number, not "1.5"/],
  [queueTimeout, ["1", "2"], /--queue-timeout was given 2 times/],
  [labels, ["berlin"], /--set takes key=value, JSON .* not "berlin"/],
  [labels, ["=berlin"], /--set takes key=value/],
  [labels, ["@broken"], /--set is neither JSON nor YAML/],
];
for (const [of, typed, message] of refusals)
  test(`--${of.flag} ${typed.join(" ")} is refused with what it takes`, async () => {
    await assert.rejects(
      valueFrom(of, ...typed),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });

const bare: readonly (readonly [path: string, flag: string | undefined])[] = [
  ["cpl/dm/device/find", "device"],
  ["cpl/dm/job/create", "device"],
  ["diml/dml/do/reserve", "request"],
  ["diml/find", "query"],
  ["diml/dml/do/datainstance/create", "dataref"],
  ["cpl/dm/device/list", undefined],
  ["ia/user/create", "name"],
  ["ops/backup/drill", "backup"],
];
for (const [path, flag] of bare)
  test(`what stands without a flag after ${path} is ${flag === undefined ? "nothing" : `--${flag}`}`, () => {
    assert.equal(bareField(fieldsOf(action(path)))?.flag, flag);
  });

test("published names of fields are flags too", () => {
  assert.deepEqual(field("diml/dml/do/datainstance/find", "id").aliases, ["attr1"]);
});

test("secrets are known as such", () => {
  assert.equal(field("ia/user/create", "password").secret, true);
  assert.equal(field("ia/user/create", "name").secret, false);
});
