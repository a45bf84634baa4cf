import assert from "node:assert/strict";
import { test } from "node:test";
import { features, type AnyAction } from "@edgemere/control-plane";
import { commandKinds } from "@edgemere/protocol";
import { policyFunctions } from "@edgemere/protocol/policy";
import { textOf } from "./tree.ts";

interface Input {
  readonly properties: {
    readonly effects: {
      readonly items: {
        readonly anyOf: readonly { readonly properties: { readonly do: { readonly const: string } } }[];
      };
    };
  };
}
interface Bound {
  readonly action: AnyAction;
  readonly run: (input: never, context: never, caller: never, made: never) => Promise<unknown>;
}
const bound = features.flatMap(({ actions }) => actions as readonly Bound[]);
function boundTo(path: string): Bound {
  const found = bound.find(({ action }) => action.path === path);
  assert.ok(found, path);
  return found;
}

/** Cells of the rows of a table of the guide, by the head of its first column. */
function rowsOf(head: string): readonly (readonly string[])[] {
  const lines = textOf("deploy/policies.md").split("\n");
  const first = lines.findIndex((line) => line.startsWith(`| ${head} |`)) + 2;
  const end = lines.findIndex((line, place) => place > first && !line.startsWith("|"));
  return lines.slice(first, end).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((each) => each.trim()),
  );
}

test("the guide to policies has every field and every function of a condition, and no other", async () => {
  const { fields, groupFunctions } = (await boundTo("sa/pe/policy/vocabulary").run(
    ...([{}, {}, {}, {}] as never[] as [never, never, never, never]),
  )) as {
    readonly fields: readonly { readonly name: string; readonly kind: string }[];
    readonly groupFunctions: typeof policyFunctions;
  };

  assert.deepEqual(
    rowsOf("field"),
    fields.map(({ name, kind }) => [`\`${name}\``, kind]),
  );
  const told = (functions: typeof policyFunctions) =>
    functions.map(({ name, takes, summary }) => [`\`${name}(${takes.join(", ")})\``, summary]);
  assert.deepEqual(rowsOf("function"), told(policyFunctions));
  assert.deepEqual(rowsOf("of a group"), told(groupFunctions));
});

test("the guide to policies has every effect that a policy may have, and no other", () => {
  const input = boundTo("sa/pe/policy/create").action.input as Input;
  const known = input.properties.effects.items.anyOf.map(({ properties }) => `\`${properties.do.const}\``);

  assert.deepEqual(new Set(rowsOf("`do`").map(([name]) => name)), new Set(known));
});

test("the guide to policies says of every kind what it disturbs", () => {
  const namesIn = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
  const told = rowsOf("while this runs").flatMap(([kinds, alerts]) =>
    namesIn(kinds).map((kind) => [kind, alerts === "all of the device" ? "all" : namesIn(alerts)] as const),
  );
  const declared = Object.entries(commandKinds).flatMap(([kind, { disturbs }]) => {
    const words = disturbs === "all" ? disturbs : disturbs.map((each) => `${each}*`);
    return words.length === 0 ? [] : [[kind, words] as const];
  });
  const byKind = (one: readonly [string, unknown], other: readonly [string, unknown]) => (one[0] < other[0] ? -1 : 1);

  assert.deepEqual(told.toSorted(byKind), declared.toSorted(byKind));
});
