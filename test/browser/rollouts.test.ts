import assert from "node:assert/strict";
import { test } from "node:test";
import { startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { signIn, visit } from "./visit.ts";

test("a rollout is planned, begun, watched, paused and resumed in the portal", { skip: noChromium }, async (t) => {
  await using world = await startWorld({ devices: 5, labels: { role: "gateway" } });
  await using browser = await openBrowser();
  await using somebody = await visit(browser, { baseUrl: world.baseUrl });
  const { page, go } = somebody;
  await go("/rollouts");
  await signIn(page);

  await t.test("the plan tells whom it touches before anything is sent", async () => {
    await page.getByRole("link", { name: "Plan a rollout" }).first().click();
    await page.getByRole("textbox", { name: "Selector" }).fill("role=gateway");
    await page.getByRole("textbox", { name: "Waves" }).fill('[{"count":1,"soak":86400}]');
    await page.getByRole("button", { name: "Show the plan" }).click();
    await page.getByRole("region", { name: "The plan" }).getByText("1 + 4").waitFor();
    assert.deepEqual((await world.client.call("cpl/dm/job/list", {})).items, []);
  });
  await t.test("a selector that is none is refused in its own words, and nothing begins", async () => {
    await page.getByRole("textbox", { name: "Selector" }).fill('colour == "red"');
    await page.getByRole("button", { name: "Show the plan" }).click();
    await page
      .getByText(/colour/)
      .first()
      .waitFor();
    await page.getByRole("textbox", { name: "Selector" }).fill("role=gateway");
    await page.getByRole("button", { name: "Show the plan" }).click();
    await page.getByText("1 + 4").waitFor();
  });
  await t.test("its page shows the wave succeed by itself, and why the others wait", async () => {
    await page.getByRole("button", { name: "Begin with 5 devices" }).click();
    await page.getByRole("heading", { name: "Rollout of ping" }).waitFor();
    const devices = page.getByRole("table", { name: "Devices of the rollout" });
    await devices.getByText("succeeded", { exact: true }).waitFor();
    assert.equal(await devices.getByText("queued", { exact: true }).count(), 4);
  });
  await t.test("it is paused, resumed and cancelled, and says by whom", async () => {
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("Somebody paused it.").waitFor();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Stopped: cancelled").waitFor();
    await page.getByRole("heading", { name: "Rollout of ping" }).locator("..").getByText("cancelled").waitFor();
  });
  await t.test("the list leads to it", async () => {
    await page.getByRole("link", { name: "Rollouts", exact: true }).first().click();
    await page.getByRole("row").getByText("1 of 5").waitFor();
    await page.getByRole("row").getByRole("link", { name: "ping" }).click();
    await page.getByRole("heading", { name: "Rollout of ping" }).waitFor();
  });
  await t.test("one that says what undoes it is rolled back, and leads to the rollout that undoes it", async () => {
    const { plan } = await world.client.call("cpl/dm/job/plan", {
      selector: "role=gateway",
      kind: "ping",
      waves: [{ count: 1, soak: 86_400 }],
      rollback: { kind: "inventory.refresh" },
    });
    const { id } = await world.client.call("cpl/dm/job/apply", { plan });
    await go(`/rollouts/${id}`);
    await page.getByRole("button", { name: "Roll back" }).click();
    await page.getByRole("heading", { name: "Rollout of ping" }).locator("..").getByText("rolledback").waitFor();
    await page.getByRole("link", { name: /^the rollout / }).click();
    await page.getByRole("heading", { name: "Rollout of inventory.refresh" }).waitFor();
    await page.getByText("It undoes").waitFor();
  });
  assert.deepEqual(somebody.complaints, []);
  assert.deepEqual(somebody.refusals, ["400 /edgemere/cpl/dm/job/plan"]);
});
