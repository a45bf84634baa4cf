import assert from "node:assert/strict";
import { test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { startLivelyWorld } from "./lively-world.ts";
import { signIn, stillness, visit } from "./visit.ts";

test("no page has a serious barrier for anyone, in light or in dark", { skip: noChromium }, async () => {
  const { world, pages } = await startLivelyWorld();
  await using _world = world;
  await using browser = await openBrowser();

  // What is not a matter of colours is the same in both.
  const schemes = { light: (axe: AxeBuilder) => axe, dark: (axe: AxeBuilder) => axe.withRules(["color-contrast"]) };
  const found = Object.entries(schemes).map(async ([colorScheme, limit]) => {
    await using somebody = await visit(browser, { baseUrl: world.baseUrl, colorScheme: colorScheme as "light" });
    const { page, go } = somebody;
    const barriers: string[] = [];
    const look = async (name: string) => {
      await stillness(page);
      const { violations } = await limit(axeOf(page)).analyze();
      for (const { id, impact, nodes } of violations)
        if (impact === "serious" || impact === "critical")
          barriers.push(...nodes.map(({ html }) => `${colorScheme} ${name}: ${id} at ${html.slice(0, 200)}`));
    };
    await go("/");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await look("sign-in");
    await signIn(page);
    for (const [name, [address, text]] of Object.entries(pages)) {
      await go(address);
      await page.getByText(text).first().waitFor();
      await look(name);
    }
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await look("keyboard");
    await go("/policies/new");
    await page.getByRole("textbox", { name: "Condition" }).pressSequentially("m");
    await page.getByRole("option", { name: /mean/ }).first().waitFor();
    await look("completion");
    await go("/alerts");
    await page.getByRole("button", { name: "Silence" }).click();
    await page.getByRole("dialog", { name: "Say that it is no surprise" }).waitFor();
    await look("silence");
    return [...barriers, ...somebody.complaints];
  });

  assert.deepEqual((await Promise.all(found)).flat(), []);
});

/** Without what it does for pages with frames and foreign styles, of which we have none: that takes most of its time. */
const axeOf = (page: Page) =>
  new AxeBuilder({ page }).setLegacyMode().options({ preload: false, resultTypes: ["violations"] });

test("all can be done by keyboard: sign in, search, open a device, run a command", { skip: noChromium }, async () => {
  await using world = await startWorld({ devices: 1 });
  await using browser = await openBrowser();
  await using somebody = await visit(browser, { baseUrl: world.baseUrl });
  const { page, go } = somebody;
  const { keyboard } = page;
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
  /** Presses Tab until what has the focus says this. */
  const tabTo = async (text: string) => {
    for (let presses = 0; presses < 60; presses++) {
      await keyboard.press("Tab");
      if ((await focused()) === text) return;
    }
    assert.fail(`Tab never led to “${text}”`);
  };

  await go("/devices");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByRole("textbox", { name: "Name" }).focus();
  await keyboard.type("olga");
  await keyboard.press("Tab");
  await keyboard.type("a long enough password");
  await keyboard.press("Enter");
  await page.getByRole("link", { name: "simulated-001" }).waitFor();

  await keyboard.press("/");
  await keyboard.type('presence == "online"');
  await keyboard.press("Enter");
  await page.getByText("1 device", { exact: true }).waitFor();
  await tabTo("simulated-001");
  await keyboard.press("Enter");
  await page.getByRole("heading", { name: "simulated-001" }).waitFor();

  await tabTo("Charts");
  await keyboard.press("ArrowRight");
  await keyboard.press("ArrowRight");
  await page.getByRole("heading", { name: "Run a command" }).waitFor();
  await tabTo("Run");
  await keyboard.press("Enter");
  await page.getByRole("list", { name: "State: succeeded" }).waitFor();

  await keyboard.press("Alt+j");
  await page.getByRole("heading", { name: "Jobs" }).waitFor();
  await keyboard.press("Shift+?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  await keyboard.press("Escape");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor({ state: "detached" });
  assert.deepEqual(somebody.complaints, []);
});
