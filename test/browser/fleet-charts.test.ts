import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { eventually, startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { isDrawn, signIn, visit } from "./visit.ts";

/** Would be computed by a spreadsheet, and run as a script where text is taken for markup. */
const HOSTILE = `=1+1<img src=x onerror="document.title='taken over'">`;

test(
  "the fleet is summed up by group, compared with before, linked to, and looked at as one device",
  { skip: noChromium },
  async (t) => {
    await using world = await startWorld({ devices: 3 });
    const label = (device: string, site: string) =>
      world.client.call("cpl/dm/device/label", { device, set: { site, role: "gateway" } });
    await label("simulated-001", "oslo");
    await label("simulated-002", "oslo");
    await label("simulated-003", HOSTILE);
    const measured = async () => {
      const { series } = await world.client.call("cpl/ta/query", { metric: ["cpu.busy_percent"], by: ["device"] });
      return series.length === 3;
    };
    await eventually(measured, "samples of all devices");
    await using browser = await openBrowser();
    await using somebody = await visit(browser, { baseUrl: world.baseUrl });
    const { page, go } = somebody;
    await go("/charts");
    await signIn(page);
    const chart = page.getByRole("slider", { name: "Busy: mean, chart over time" });
    const groups = page.getByRole("table", { name: "Groups by their value over the whole time" });

    await t.test("all devices are one line, with what it cost to read", async () => {
      await page.getByRole("tab", { name: "Summed up" }).click();
      await eventually(() => isDrawn(chart.locator("canvas")), "a line");
      await groups.getByRole("row", { name: /^all devices .* 3$/ }).waitFor();
      await page.getByText(/^Windows of \w+; read: [\d,]+ samples? \(.+ at most\) of 3 devices\.$/).waitFor();
    });
    await t.test("a label makes a group of each of its values, whatever it says", async () => {
      await page.getByRole("combobox", { name: "Group by" }).click();
      await page.getByRole("option", { name: "site", exact: true }).click();
      await page.keyboard.press("Escape");
      await groups.getByRole("row", { name: "site=oslo" }).waitFor();
      await groups.getByRole("row", { name: `site=${HOSTILE}` }).waitFor();
      await page.getByRole("button", { name: "Busy: mean as a table" }).click();
      await page.getByRole("dialog").getByRole("columnheader", { name: "site=oslo" }).waitFor();
      await page.keyboard.press("Escape");
    });
    await t.test("new windows appear while the range is live", async () => {
      const before = await page.getByText(/^Windows of/).innerText();
      await eventually(async () => (await page.getByText(/^Windows of/).innerText()) !== before, "more samples read");
    });
    await t.test("a link restores metric, function, groups, ranking and range", async () => {
      await page.getByRole("combobox", { name: "Function" }).click();
      await page.getByRole("option", { name: "95th percentile" }).click();
      await page.getByRole("combobox", { name: "Show" }).click();
      await page.getByRole("option", { name: "The 10 lowest" }).click();
      await page.getByText("15 min").click();
      await eventually(async () => new URL(page.url()).searchParams.get("last") === "15m", "the range in the address");
      const address = new URL(page.url()).search;

      await go("/devices");
      await go(`/charts/fleet${address}`);
      await groups.getByRole("row", { name: "site=oslo" }).waitFor();
      assert.equal(await page.getByRole("combobox", { name: "Show" }).inputValue(), "The 10 lowest");
      assert.equal(await page.getByRole("combobox", { name: "Function" }).inputValue(), "95th percentile");
    });
    await t.test(
      "what changed most tells what was before, and a device leads to its charts at the same range",
      async () => {
        await go("/charts/fleet?by=device&show=changed&last=15m&zone=utc");
        await groups.getByRole("columnheader", { name: "Change" }).waitFor();
        await groups.getByRole("row", { name: /simulated-001 .* not recorded new/ }).waitFor();
        await groups.getByRole("link", { name: "simulated-001" }).click();
        await page.getByRole("heading", { name: "simulated-001" }).waitFor();
        const { searchParams } = new URL(page.url());
        assert.deepEqual([searchParams.get("last"), searchParams.get("zone")], ["15m", "utc"]);
      },
    );
    await t.test("the file has a line for each window of each group, and no formula", async () => {
      await go("/charts/fleet?by=labels.site&last=15m");
      await groups.getByRole("row", { name: "labels.site=oslo" }).waitFor();
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name: "Download CSV" }).click();
      const csv = await readFile(await (await download).path(), "utf8");
      assert.ok(csv.startsWith("time,step,metric,function,labels.site,value\r\n"), csv.slice(0, 200));
      assert.match(csv, /Z,\w+,cpu\.busy_percent,mean,oslo,[\d.]+\r\n/);
      assert.doesNotMatch(csv, /,"?=/);
    });
    await t.test("what would read much says so, and is read when somebody wants it", async () => {
      await page.route("**/edgemere/cpl/ta/query*", async (route) => {
        const response = await route.fetch();
        const answer = (await response.json()) as { cost: { samples: number; isEstimated: boolean } };
        if (answer.cost.isEstimated) answer.cost.samples += 6_000_000;
        await route.fulfill({ response, json: answer });
      });
      await go("/charts/fleet?last=1h");
      await page.getByText(/^About 6,0\d\d,\d\d\d samples .* of 3 devices, which may take some seconds\.$/).waitFor();
      assert.equal(await groups.count(), 0);
      await page.getByRole("button", { name: "Read it" }).click();
      await groups.getByRole("row", { name: /^all devices/ }).waitFor();
      await page.unroute("**/edgemere/cpl/ta/query*");
    });
    assert.deepEqual(somebody.refusals, []);

    await t.test(
      "a search that is none is told in words, and one that finds nobody shows nothing as zero",
      async () => {
        await go("/charts/fleet?selector=site%3D%3D%3D");
        await page.getByRole("alert").getByRole("button", { name: "Try again" }).waitFor();
        await go("/charts/fleet?selector=site%3Dnowhere");
        await page.getByText("Nothing was recorded in this time").waitFor();
      },
    );
    await t.test("devices are made one, looked at, changed and forgotten", async () => {
      await go("/charts/adevices");
      await page.getByText("There is no aggregated device").waitFor();
      await page.getByRole("button", { name: "Make an aggregated device" }).click();
      await page.getByRole("textbox", { name: "Name" }).fill("northern");
      await page.getByRole("textbox", { name: "Selector" }).fill("site=oslo");
      await page.getByRole("button", { name: "Make it" }).click();
      await page.getByRole("link", { name: "northern" }).click();
      await groups.getByRole("row", { name: /^all devices .* 2$/ }).waitFor();
      assert.equal(await page.getByRole("combobox", { name: "Aggregated device" }).inputValue(), "northern");

      await page.getByRole("tab", { name: "Aggregated devices" }).click();
      await page.getByRole("button", { name: "Edit northern" }).click();
      await page.getByRole("textbox", { name: "Selector" }).fill("role=gateway");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByRole("table").getByText("role=gateway").waitFor();
      await page.getByRole("button", { name: "Disable northern" }).click();
      await page.getByRole("button", { name: "Enable northern" }).waitFor();
      await page.getByRole("button", { name: "Forget northern" }).click();
      await page.getByRole("textbox", { name: "Type northern to confirm" }).fill("northern");
      await page.getByRole("dialog").getByRole("button", { name: "Forget" }).click();
      await page.getByText("There is no aggregated device").waitFor();
    });

    assert.equal(await page.locator("img[src=x]").count(), 0);
    assert.deepEqual(somebody.complaints, []);
  },
);
