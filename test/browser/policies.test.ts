import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { signIn, visit } from "./visit.ts";

test(
  "a policy is written, tried, watched, explained, changed and removed in the portal",
  { skip: noChromium },
  async (t) => {
    await using world = await startWorld({ devices: 2, labels: { role: "gateway" } });
    await using browser = await openBrowser();
    await using somebody = await visit(browser, { baseUrl: world.baseUrl });
    const { page, go } = somebody;
    const condition = page.getByRole("textbox", { name: "Condition" });
    await go("/alerts");
    await signIn(page);

    await t.test("where nothing is watched the alerts say so", async () => {
      await page.getByText("No policy watches anything yet").waitFor();
      await page.getByRole("link", { name: "Policies" }).first().click();
      await page.getByText("There is no policy yet").waitFor();
      await page.getByRole("link", { name: "Make a policy" }).click();
    });
    await t.test("words are completed by keyboard, and who types on at once types between the quotes", async () => {
      await condition.focus();
      // As on a machine that draws late.
      await page.evaluate(() => {
        const draw = window.requestAnimationFrame.bind(window);
        window.requestAnimationFrame = (run) => window.setTimeout(() => draw(run), 1_000);
      });
      await page.keyboard.type("hig");
      await page.getByRole("option", { name: /highest/ }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.keyboard.type("memory.used_bytes");
      assert.equal(await condition.inputValue(), 'highest("memory.used_bytes")');
      await page.keyboard.press("Escape");
    });
    await t.test("a mistake is shown where it is while one writes, and nothing is saved", async () => {
      await condition.fill('presence == "online" &&\n  colour > 3');
      await page.getByText(/colour.*line 2, column 3/).waitFor();
      await page.getByRole("button", { name: "Go to the mistake" }).click();
      await page.waitForFunction(() => document.activeElement?.tagName === "TEXTAREA");
      const at = await condition.evaluate((field) => (field as HTMLTextAreaElement).selectionStart);
      assert.equal(at, 'presence == "online" &&\n  '.length);
      await page.getByRole("textbox", { name: "Name" }).fill("memory");
      await page.getByRole("button", { name: "Save and watch it" }).click();
      await page.getByRole("alert").waitFor();
      assert.deepEqual((await world.client.call("sa/pe/policy/list", {})).items, []);
    });
    await t.test("what is asked before actions has its own words, and other words are a mistake in it", async () => {
      const admission = page.getByRole("textbox", { name: "Admission" });
      await condition.fill('action == "cpl/dm/job/create" && via == "rest"');
      await page.getByRole("button", { name: "Go to the mistake" }).waitFor();
      await admission.fill('{"actions":["cpl/dm/job/*"],"outcome":"deny","reason":"not now"}');
      await page.getByText("It can be asked before actions.").waitFor();
      const [device] = (await world.client.call("cpl/dm/device/list", {})).items;
      await world.client.call("cpl/dm/job/create", { device: device?.id ?? "", kind: "ping" });
      await page.getByRole("button", { name: "Try it" }).click();
      await page.getByText(/about 1 action since .* Denied: 1\.$/).waitFor();
      await page.getByRole("cell", { name: "denied: not now" }).waitFor();
      await condition.fill("");
      await condition.pressSequentially("acto");
      await page.getByRole("option", { name: /^actor/ }).waitFor();
      await page.keyboard.press("Escape");
      await condition.fill('highest("memory.used_bytes") > 1000');
      await page.getByRole("button", { name: "Go to the mistake" }).waitFor();
      await admission.fill("");
    });
    await t.test("it is tried before it is saved: where it would have fired, on a time line", async () => {
      await condition.fill('highest("memory.used_bytes") > 1000');
      await page.getByText("it looks at memory.used_bytes.").waitFor();
      await eventually(async () => {
        await page.getByRole("button", { name: "Try it" }).click();
        await page.getByText(/It would have fired on/).waitFor();
        return (await page.getByRole("img", { name: /^firing/ }).count()) === 2;
      }, "both devices to have samples");
      assert.deepEqual((await world.client.call("sa/pe/policy/list", {})).items, []);
    });
    await t.test("it is saved, and its alerts come by themselves and are counted in the menu", async () => {
      await page.getByRole("button", { name: "Save and watch it" }).click();
      await page.getByRole("heading", { name: "memory", exact: true }).waitFor();
      const alerts = page.getByRole("table", { name: "Alerts of the policy that are not over" });
      await alerts.getByText("simulated-001").waitFor();
      await page.getByRole("link", { name: "Alerts 2" }).waitFor();
    });
    await t.test("it is explained for a device", async () => {
      await page.getByPlaceholder("Name or id of a device").fill("simulated-001");
      await page.getByRole("button", { name: "Explain" }).click();
      await page.getByText(/the condition of "memory" holds/).waitFor();
    });
    await t.test("a change is a new revision, and the one before is shown", async () => {
      await condition.fill('highest("memory.used_bytes") > 2000');
      await page.getByRole("button", { name: "Save as a new revision" }).click();
      const revisions = page.getByRole("table", { name: "Revisions of the policy, newest first" });
      await revisions.getByRole("row", { name: /^2 .*2000/ }).waitFor();
      await revisions.getByRole("row", { name: /^1 .*1000/ }).waitFor();
    });
    await t.test(
      "the alerts lead to one, which says why, how it came to this, and what the device measured",
      async () => {
        await page.getByRole("link", { name: "Alerts 2" }).click();
        await page.getByRole("textbox", { name: "Which devices" }).fill("name=simulated-002");
        await page.getByRole("button", { name: "Search" }).click();
        await page.getByText("1 alert", { exact: true }).waitFor();
        await page.getByRole("link", { name: "memory" }).click();
        await page.getByRole("heading", { name: "memory on simulated-002" }).waitFor();
        await page
          .getByRole("list", { name: "Causes" })
          .getByText(/^it fires: its condition held when highest/)
          .waitFor();
        await page.getByRole("table", { name: "Changes of the alert" }).getByText("firing").waitFor();
        await page.getByRole("button", { name: "I look after it" }).click();
        await page.getByText("user:olga looks after it").waitFor();
        await page.getByRole("link", { name: "What the device measured then" }).click();
        await page.waitForURL(/\/charts\?from=.*&to=/);
        await page.getByText("Memory").first().waitFor();
        await page.goBack();
      },
    );
    await t.test("a silence says that it is no surprise, stands in the list, and is ended", async () => {
      await page.getByRole("button", { name: "Silence" }).click();
      const dialog = page.getByRole("dialog", { name: "Say that it is no surprise" });
      await dialog.getByRole("textbox", { name: "Reason" }).fill("a new disk");
      await dialog.getByRole("button", { name: "Silence" }).click();
      await dialog.waitFor({ state: "detached" });
      await go("/policies/silences");
      await page.getByRole("button", { name: "End the silence: a new disk" }).click();
      await page.getByRole("row", { name: /a new disk.*ended/ }).waitFor();
    });
    await t.test("a device shows its own alerts", async () => {
      await go("/devices/simulated-001/alerts");
      await page
        .getByRole("table", { name: "Alerts of the device that are not over" })
        .getByRole("link", { name: "memory" })
        .waitFor();
    });
    await t.test("it is disabled, which ends its alerts, and removed by its name", async () => {
      await go("/policies");
      await page.getByRole("link", { name: "memory" }).click();
      await page.getByRole("button", { name: "Disable" }).click();
      await page.getByText("It has no alert now").waitFor();
      await page.getByRole("button", { name: "Remove the policy memory" }).click();
      await page.getByRole("textbox", { name: "Type memory to confirm" }).fill("memory");
      await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
      await page.getByText("There is no policy yet").waitFor();
    });
    assert.deepEqual(somebody.complaints, []);
    // The event of its removal may reach its page before the page is left.
    const gone = "404 /edgemere/sa/pe/policy/find";
    const refused = ["400 /edgemere/sa/pe/policy/check", "400 /edgemere/sa/pe/policy/create", gone];
    assert.deepEqual(
      somebody.refusals.filter((each) => !refused.includes(each)),
      [],
    );
  },
);
