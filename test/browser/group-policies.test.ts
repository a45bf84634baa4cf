import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { eventually, startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { signIn, visit } from "./visit.ts";

/** Would run as a script where text is taken for markup, and turns the rest of the line round. */
const HOSTILE = `\u202e<img src=x onerror="document.title='taken over'">`;
const SHOWN = HOSTILE.replace("\u202e", "[U+202E]");

const USED = 'average(value("memory.used_bytes")) > 1000';

const fill = async (page: Page, fields: Readonly<Record<string, string>>) => {
  for (const [name, value] of Object.entries(fields))
    await page.getByRole("textbox", { name, exact: true }).fill(value);
};

test(
  "a policy about groups is written, tried, watched and explained in the portal",
  { skip: noChromium },
  async (t) => {
    await using world = await startWorld({ devices: 3 });
    const { client } = world;
    const sites = { "simulated-001": "oslo", "simulated-002": "oslo", "simulated-003": HOSTILE };
    for (const [device, site] of Object.entries(sites))
      await client.call("cpl/dm/device/label", { device, set: { site } });
    await client.call("cpl/ta/adevice/create", { name: "northern", selector: "site=oslo" });
    await using browser = await openBrowser();
    await using somebody = await visit(browser, { baseUrl: world.baseUrl });
    const { page, go } = somebody;
    const condition = page.getByRole("textbox", { name: "Condition" });
    const groups = page.getByRole("table", { name: "Groups, by name" });
    const alerts = page.getByRole("table", { name: "Alerts of the policy that are not over" });
    await go("/policies/new");
    await signIn(page);

    await t.test("a word of groups is a mistake until the policy is about groups", async () => {
      await condition.fill(USED);
      await page.getByRole("button", { name: "Go to the mistake" }).waitFor();
      await fill(page, { Per: "site" });
      await page.getByText("it looks at memory.used_bytes of all devices of a group.").waitFor();
      await condition.fill('share(presence == "offline") > 0.5');
      await page.getByText("it looks at the devices of a group only.").waitFor();
      await condition.fill("");
      await condition.pressSequentially("sha");
      await page.getByRole("option", { name: /^share/ }).waitFor();
      await page.keyboard.press("Escape");
      await condition.fill(USED);
    });
    await t.test("a try tells of groups, and saves nothing", async () => {
      await fill(page, { Name: "dark" });
      await eventually(async () => {
        await page.getByRole("button", { name: "Try it" }).click();
        await page.getByText(/^It would have fired on/).waitFor();
        return (await page.getByText("It would have fired on 2 groups of 3 devices.").count()) === 1;
      }, "samples of both groups");
      const fired = page.getByRole("table", { name: "Where it would have fired" });
      await fired.getByRole("row", { name: /^site=oslo/ }).waitFor();
      await fired.getByRole("row", { name: `site=${SHOWN}` }).waitFor();
      assert.deepEqual((await client.call("sa/pe/policy/list", {})).items, []);
    });
    await t.test("each of its groups has an alert of its own, whatever the group is called", async () => {
      await page.getByRole("button", { name: "Save and watch it" }).click();
      await page.getByRole("heading", { name: "dark", exact: true }).waitFor();
      await alerts.getByRole("link", { name: "site=oslo" }).waitFor();
      await groups.getByRole("row", { name: /^site=oslo 2 holds .*firing/ }).waitFor();
      await groups.getByRole("row", { name: `site=${SHOWN} 1 holds` }).waitFor();
    });
    await t.test("a group is explained with the devices that decide", async () => {
      await groups.getByRole("button", { name: "Explain site=oslo" }).click();
      await page.getByText(/the condition of "dark" holds/).waitFor();
      const deciding = page.getByRole("table", { name: "Devices that decide, those first that decide most" });
      await deciding.getByRole("link", { name: "simulated-001" }).waitFor();
      assert.equal(await deciding.getByRole("row").count(), 3);
    });
    await t.test("the alert of a group says why, and leads to the devices that decide", async () => {
      await alerts.getByRole("link", { name: `site=${SHOWN}` }).click();
      await page.getByRole("heading", { name: `dark on site=${SHOWN}` }).waitFor();
      await page.goBack();
      await alerts.getByRole("link", { name: "site=oslo" }).click();
      await page.getByRole("heading", { name: "dark on site=oslo" }).waitFor();
      await page
        .getByRole("list", { name: "Causes" })
        .getByText(/^it fires: its condition held when average/)
        .waitFor();
      await page.getByRole("table", { name: "Changes of the alert" }).getByText("firing").waitFor();
      await page.getByRole("link", { name: "simulated-002" }).click();
      await page.getByRole("heading", { name: "simulated-002" }).waitFor();
    });
    await t.test("an aggregated device and the fleet are groups too; why one does not fire is told", async () => {
      for (const [name, per] of [
        ["north", "adevice:northern"],
        ["all", "fleet"],
      ] as const) {
        await go("/policies/new");
        await condition.fill('share(presence == "offline") > 0.5');
        await fill(page, { Name: name, Per: per });
        await page.getByRole("button", { name: "Save and watch it" }).click();
        await page.getByRole("heading", { name, exact: true }).waitFor();
        await page.getByText("It has no alert now").waitFor();
        const devices = per === "fleet" ? 3 : 2;
        await groups.getByRole("row", { name: `${per} ${devices} does not hold` }).waitFor();
        await groups.getByRole("button", { name: `Explain ${per}` }).click();
        await page.getByText(/the condition of ".*" does not hold/).waitFor();
      }
      await page.getByRole("link", { name: "Policies" }).first().click();
      const all = page.getByRole("table", { name: "Policies, by name" });
      await all.getByRole("row", { name: /^north enabled adevice:northern/ }).waitFor();
      await all.getByRole("row", { name: /^dark enabled site/ }).waitFor();
    });
    await t.test("what is no group is refused at its field, and nothing is saved", async () => {
      await go("/policies/new");
      await condition.fill(USED);
      await fill(page, { Name: "odd", Per: "two words" });
      await page.getByRole("button", { name: "Save and watch it" }).click();
      await page.waitForFunction(() => document.querySelector("[aria-invalid=true]") !== null);
      assert.equal((await client.call("sa/pe/policy/list", {})).items.length, 3);
    });
    assert.equal(await page.locator("img[src=x]").count(), 0);
    assert.deepEqual(somebody.complaints, []);
    assert.deepEqual(
      somebody.refusals.filter((each) => !/^400 .*policy\/(check|create)$/.test(each)),
      [],
    );
  },
);
