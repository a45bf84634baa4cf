import assert from "node:assert/strict";
import { test } from "node:test";
import { chartCsv } from "./chart-csv.ts";

const line = { device: "gw-1", metric: "cpu.busy_percent", instance: "", gaps: [] };

test("what is shown is written, a sample a row with its time in UTC, and nothing of what lies outside", () => {
  const csv = chartCsv([{ ...line, at: [0, 1_000, 2_000, 3_000], value: [1, 2, null, 4] }], { from: 1_000, to: 2_500 });

  assert.equal(
    csv,
    "time,device,metric,instance,value,low,high\r\n1970-01-01T00:00:01.000Z,gw-1,cpu.busy_percent,,2,,\r\n",
  );
});

test("the extremes of a step stand beside its last sample", () => {
  const csv = chartCsv([{ ...line, at: [0], value: [2], low: [-1], high: [9] }], { from: 0, to: 1 });

  assert.match(csv, /Z,gw-1,cpu\.busy_percent,,2,-1,9\r\n$/);
});

test("a device that calls itself a formula is only a text in the table", () => {
  const csv = chartCsv([{ ...line, device: '=HYPERLINK("x")', instance: "+1", at: [0], value: [1] }], {
    from: 0,
    to: 1,
  });

  assert.match(csv, /,"'=HYPERLINK\(""x""\)",cpu\.busy_percent,'\+1,1,,\r\n$/);
});
