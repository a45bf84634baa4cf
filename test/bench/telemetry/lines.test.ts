import assert from "node:assert/strict";
import { test } from "node:test";
import { linesOf } from "./lines.ts";

const values = (...all: readonly number[]) => Float64Array.from(all);

test("samples become a line for each instant of each measurement, without what has no value", () => {
  const lines = linesOf(
    {
      baseMs: 1_000,
      offsetMs: [0, 500],
      series: [
        { metric: "cpu.busy_percent", instance: "", values: values(1.5, 2) },
        { metric: "cpu.user_percent", instance: "", values: values(NaN, 1) },
        { metric: "disk.reads_per_second", instance: "sda 1", values: values(NaN, 7) },
      ],
    },
    { device: "d1", site: "north,west" },
  );

  assert.deepEqual(lines.split("\n"), [
    String.raw`cpu,device=d1,site=north\,west busy_percent=1.5 1000`,
    String.raw`cpu,device=d1,site=north\,west busy_percent=2,user_percent=1 1500`,
    String.raw`disk,instance=sda\ 1,device=d1,site=north\,west reads_per_second=7 1500`,
    "",
  ]);
});
