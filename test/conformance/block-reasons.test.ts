import assert from "node:assert/strict";
import { test } from "node:test";
import { jobs } from "@edgemere/control-plane/contracts";
import { filesBelow, textOf } from "./tree.ts";

const features = "control-plane/src/features";
const tests = () => filesBelow(features).filter((path) => path.endsWith(".test.ts"));

test("for each reason why nothing happens with a device, a test makes it happen and sees explain name it first", () => {
  const titles = tests().flatMap((path) => textOf(path).match(/^test\("explain names .*$/gm) ?? []);
  // Those of one table have their reason as a key, and one title for all.
  const table = textOf(`${features}/jobs/explain.test.ts`).match(/^  "[a-z-]+": |^  "[a-z-]+":$/gm) ?? [];
  const shown = [
    ...titles.flatMap((title) => title.match(/[a-z]+(-[a-z]+)+/g) ?? []),
    ...table.map((key) => key.split('"')[1]),
  ];

  assert.deepEqual(
    Object.keys(jobs.blockReasons).filter((reason) => !shown.includes(reason)),
    [],
  );
});
