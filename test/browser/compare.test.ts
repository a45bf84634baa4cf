import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { createJob, endOf } from "../world/jobs.ts";
import { eventually, startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { isDrawn, signIn, visit } from "./visit.ts";

/** Would be computed by a spreadsheet, and run as a script where text is taken for markup. */
const HOSTILE = `=HYPERLINK("x")<img src=x onerror="document.title='taken over'">`;

test(
  "devices are compared in one chart, by label and each in its own, and a link shows the same",
  { skip: noChromium },
  async (t) => {
    await using world = await startWorld({ devices: 4 });
    const label = (device: string, set: Record<string, string>) =>
      world.client.call("cpl/dm/device/label", { device, set });
    await label("simulated-001", { site: "oslo" });
    await label("simulated-002", { site: "oslo" });
    await label("simulated-003", { site: HOSTILE });
    await world.client.call("cpl/dm/device/update", { device: "simulated-003", name: HOSTILE });
    const { items } = await world.client.call("cpl/dm/device/list", {});
    const measured = async () => {
      const all = items.map(({ id }) => world.client.call("cpl/ta/latest", { device: id }));
      return (await Promise.all(all)).every(({ values }) => values.length > 0);
    };
    await eventually(measured, "samples of all devices");
    await using browser = await openBrowser();
    await using somebody = await visit(browser, { baseUrl: world.baseUrl });
    const { page, go } = somebody;
    await go("/");
    await signIn(page);
    const sliders = page.getByRole("slider");
    const ranking = page.getByRole("region", { name: "Busy now, the highest first" });

    await t.test("all devices stand in one chart, a line each", async () => {
      await page.getByRole("link", { name: "Devices", exact: true }).click();
      await page.getByRole("link", { name: "Charts of these" }).click();
      await eventually(() => isDrawn(sliders.first().locator("canvas")), "lines");
      assert.equal(await sliders.count(), 1);
      await page.getByRole("table", { name: "Busy: values" }).getByRole("row", { name: HOSTILE }).waitFor();
      assert.equal(await ranking.getByRole("button", { name: "in the charts", pressed: true }).count(), 4);
    });
    await t.test("a line is shown alone, and a device is taken out of the chart", async () => {
      const alone = page.getByRole("button", { name: "simulated-001", exact: true });
      await alone.click();
      assert.equal(await alone.getAttribute("aria-pressed"), "true");
      await alone.click();
      await ranking.getByRole("button", { name: "simulated-002 in the charts" }).click();
      await page.getByRole("button", { name: "simulated-002", exact: true }).waitFor({ state: "detached" });
      await page.goBack();
      await page.getByRole("button", { name: "simulated-002", exact: true }).waitFor();
    });
    await t.test("a label makes a chart of each of its values", async () => {
      await page.getByRole("combobox", { name: "Group by label" }).click();
      await page.getByRole("option", { name: "site", exact: true }).click();
      await page.getByRole("region", { name: "site=oslo" }).getByRole("slider").waitFor();
      await page.getByRole("region", { name: `site=${HOSTILE}` }).waitFor();
      await page.getByRole("region", { name: "without site" }).waitFor();
      await eventually(async () => (await sliders.count()) === 3, "three charts");
    });
    await t.test("what the compared devices were asked stands on the time line, and leads there", async () => {
      const job = await createJob(world, "simulated-002", "ping");
      await endOf(world, job);
      await endOf(world, await createJob(world, "simulated-004", "ping"));
      const id = items.find(({ name }) => name === "simulated-002")?.id ?? "";
      await go(`/charts?devices=${id}&last=15m`);
      const commands = page.getByRole("list", { name: "Commands" });
      await commands.getByRole("link", { name: /^ping on simulated-002: succeeded; asked / }).click();
      await page.waitForURL(`**/jobs/${job}`);
      await go("/charts?by=site");
      await eventually(async () => (await sliders.count()) === 3, "three charts");
    });
    await t.test("a link restores metric, grouping, layout and range", async () => {
      await page.getByText("A chart each").click();
      await page.getByText("15 min").click();
      await page.getByRole("combobox", { name: "Metric" }).click();
      await page.getByRole("option", { name: "memory.used_bytes", exact: true }).click();
      await eventually(async () => (await sliders.count()) === 4, "a chart each");
      const address = new URL(page.url()).search;

      await go("/devices");
      await go(`/charts${address}`);
      await eventually(async () => (await sliders.count()) === 4, "the same charts");
      const { searchParams } = new URL(page.url());
      const said = ["metric", "by", "layout", "last"].map((name) => searchParams.get(name));
      assert.deepEqual(said, ["memory.used_bytes", "site", "apart", "15m"]);
      assert.equal(await page.getByRole("combobox", { name: "Metric" }).inputValue(), "memory.used_bytes");
    });
    await t.test("the file has no formula, whatever a device calls itself", async () => {
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name: "Download CSV" }).click();
      const csv = await readFile(await (await download).path(), "utf8");
      assert.ok(csv.includes(`,"'=HYPERLINK(""x"")<img`), csv.slice(0, 2_000));
      assert.doesNotMatch(csv, /,"?=/);
    });

    assert.equal(await page.locator("img[src=x]").count(), 0);
    assert.deepEqual(somebody.complaints, []);
    assert.deepEqual(somebody.refusals, []);
  },
);
