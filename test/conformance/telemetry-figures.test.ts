import assert from "node:assert/strict";
import { test } from "node:test";
import { figuresFile, figuresMaker, figuresPage, figuresText, type Figures } from "../bench/telemetry/figures.ts";
import { withTable } from "../faults/readme.ts";
import { textOf } from "./tree.ts";

test("the telemetry figures that are shown are those that the last whole run of the bench gave", () => {
  const page = textOf(figuresPage);
  const figures = JSON.parse(textOf(figuresFile)) as Figures;

  assert.equal(page, withTable(page, figuresText(figures), figuresMaker));
});
