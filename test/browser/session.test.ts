import assert from "node:assert/strict";
import { test } from "node:test";
import { startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { signIn, visit } from "./visit.ts";

test("sessions begin, end and outlive a restart of the control plane", { skip: noChromium }, async (t) => {
  await using world = await startWorld({ devices: 1 });
  await using browser = await openBrowser();
  const { baseUrl } = world;

  await t.test("a session that ends elsewhere leads to the sign-in, and from there back", async () => {
    await using somebody = await visit(browser, { baseUrl });
    const { page, go } = somebody;
    await go("/devices?selector=name.startsWith(%22sim%22)");
    await signIn(page);
    await page.getByRole("link", { name: "simulated-001" }).waitFor();

    const other = await page.context().newPage();
    await other.goto("/admin/");
    await other.getByRole("button", { name: "Account" }).click();
    await other.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByText("Your session has ended").waitFor();
    await signIn(page);

    await page.getByRole("link", { name: "simulated-001" }).waitFor();
    assert.equal(new URL(page.url()).search, "?selector=name.startsWith(%22sim%22)");
    assert.deepEqual(somebody.complaints, []);
  });
  await t.test("a wrong password is refused with words, and the right one is taken", async () => {
    await using somebody = await visit(browser, { baseUrl });
    const { page, go } = somebody;
    await go("/");
    await page.getByRole("textbox", { name: "Name" }).fill("olga");
    await page.getByRole("textbox", { name: "Password" }).fill("not this one at all");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();

    await signIn(page);
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    assert.deepEqual(somebody.complaints, []);
    assert.deepEqual(somebody.refusals, ["401 /edgemere/ia/signin"]);
  });
  await t.test("a control plane that starts again is found again, without a reload", async () => {
    await using somebody = await visit(browser, { baseUrl });
    const { page, go } = somebody;
    await go("/devices");
    await signIn(page);
    const isNow = (connection: string) => page.getByRole("status").getByText(connection, { exact: true }).waitFor();
    await isNow("Live");

    await world.controlPlane.kill();
    await isNow("Not live");
    await world.controlPlane.start();
    await isNow("Live");
    await world.client.call("cpl/dm/device/update", { device: "simulated-001", name: "renamed" });
    await page.getByRole("link", { name: "renamed" }).waitFor();
  });
  await t.test("the reference of all actions and the plain pages work under the same policy", async () => {
    await using somebody = await visit(browser, { baseUrl });
    const { page } = somebody;
    await page.goto("/edgemere/docs");
    await page.locator("#operations-tag-ia").click();
    await page.getByText("Tell whether the control plane has been set up").first().click();
    await page.getByRole("button", { name: "Try it out" }).click();
    await page.getByRole("button", { name: "Execute" }).click();
    await page.getByText('"version": "0.').waitFor();
    await page.goto("/problems/not-found");
    const width = await page.evaluate(() => document.body.clientWidth);

    assert.ok(width < 800, "the plain page has its style");
    assert.deepEqual(somebody.complaints, []);
  });
});
