import assert from "node:assert/strict";
import { test } from "node:test";
import { allowedImports, forbiddenImports } from "./planted-imports.ts";
import { lint, plantedFile, repository, told } from "./planted-tree.ts";

const breaches = [
  ["a floating promise", "floating-promise.ts", "typescript(no-floating-promises)"],
  ["a promise used as a condition", "promise-as-condition.ts", "typescript(no-misused-promises)"],
  ["an await of what is no promise", "await-of-a-value.ts", "typescript(await-thenable)"],
  ["a promise returned out of reach of its catch", "return-without-await.ts", "typescript(return-await)"],
  ["a switch with a hole", "switch-with-a-hole.ts", "typescript(switch-exhaustiveness-check)"],
  ["any", "explicit-any.ts", "typescript(no-explicit-any)"],
  ["a member of an unchecked value", "unsafe-member.ts", "typescript(no-unsafe-member-access)"],
  ["a thrown text", "thrown-text.ts", "typescript(only-throw-error)"],
  ["an undefined in a text", "possibly-undefined-in-text.ts", "typescript(restrict-template-expressions)"],
  ["a type imported as a value", "type-imported-as-value.ts", "typescript(consistent-type-imports)"],
  ["a non-null assertion", "non-null-assertion.ts", "typescript(no-non-null-assertion)"],
  ["an unexplained @ts-expect-error", "unexplained-ts-expect-error.ts", "typescript(ban-ts-comment)"],
  ["a default export", "default-export.ts", "import(no-default-export)"],
  ["an import cycle", "cycle-one.ts", "import(no-cycle)"],
  ["an import cycle from its other end", "cycle-two.ts", "import(no-cycle)"],
  ["an exit outside main.ts", "process-exit.ts", "unicorn(no-process-exit)"],
  ["an environment variable outside the configuration", "process-env.ts", "node(no-process-env)"],
  ["a console message", "console.ts", "eslint(no-console)"],
  ["a loose equality", "loose-equality.ts", "eslint(eqeqeq)"],
  ["Date in a core", "date.ts", "eslint(no-restricted-globals)"],
  ["Date reached through globalThis", "date-by-the-back-door.ts", "eslint(no-restricted-globals)"],
  ["performance in a core", "performance.ts", "eslint(no-restricted-globals)"],
  ["setTimeout in a core", "set-timeout.ts", "eslint(no-restricted-globals)"],
  ["setInterval in a core", "set-interval.ts", "eslint(no-restricted-globals)"],
  ["setImmediate in a core", "set-immediate.ts", "eslint(no-restricted-globals)"],
  ["Math.random in a core", "math-random.ts", "eslint(no-restricted-properties)"],
  ["AbortSignal.timeout in a core", "abort-timeout.ts", "eslint(no-restricted-properties)"],
] as const;

const core = (file: string): string => `control-plane/src/features/planted/${file}`;

// Each import stands in a file of its own beside the one it is about, so that a file's findings are about one import.
const importing = (rows: readonly (readonly [string, string, ...string[]])[]): Record<string, string> =>
  Object.fromEntries(
    rows.map(([from, what], nth) => [`${from.replace(/\.ts$/, "")}${nth}.ts`, `export * from "${what}";\n`]),
  );
