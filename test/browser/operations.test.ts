import assert from "node:assert/strict";
import { test } from "node:test";
import { startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { fillDisk } from "./storage.ts";
import { signIn, visit } from "./visit.ts";

test("the control plane's own keeping is seen and done in the portal", { skip: noChromium }, async (t) => {
  await using world = await startWorld({ devices: 1 });
  await using browser = await openBrowser();
  await using somebody = await visit(browser, { baseUrl: world.baseUrl });
  const { page, go } = somebody;
  await go("/operations");
  await signIn(page);

  await t.test("a control plane that is well says so, and says that there is no backup yet", async () => {
    await page.getByRole("region", { name: "Health" }).getByText("ok", { exact: true }).waitFor();
    await page.getByRole("region", { name: "Storage" }).getByText("normal").waitFor();
    await page.getByText("There is no backup yet").waitFor();
  });
  await t.test("a backup is made, becomes ready by itself, and the command that restores it is shown", async () => {
    await page.getByRole("button", { name: "Make a backup" }).click();
    await page.getByRole("row").getByText("ready").waitFor();
    await page.getByText(/edgemere-control-plane restore \S+\.backup --data DIR/).waitFor();
  });
  await t.test("a drill tells its verdict at once, and the list keeps it", async () => {
    await page.getByRole("button", { name: /^Drill the backup/ }).click();
    await page.getByText("The drill has passed").waitFor();
    await page.getByRole("row").getByText("passed").waitFor();
  });
  await t.test("a backup is removed when its id was typed", async () => {
    const [backup] = (await world.client.call("ops/backup/list")).items;
    await page.getByRole("button", { name: /^Remove the backup/ }).click();
    const remove = page.getByRole("dialog").getByRole("button", { name: "Remove" });
    assert.equal(await remove.isDisabled(), true);
    await page
      .getByRole("dialog")
      .getByRole("textbox")
      .fill(backup?.id ?? "");
    await remove.click();
    await page.getByText("There is no backup yet").waitFor();
  });
  assert.deepEqual(somebody.complaints, []);
  assert.deepEqual(somebody.refusals, []);
});

test("a disk that fills stands over every page, for those who may know it", { skip: noChromium }, async () => {
  await using world = await startWorld();
  const { baseUrl, client } = world;
  const approver = { name: "anna", password: "another long password" };
  await client.call("ia/user/create", { ...approver, roles: ["approver"] });
  await using browser = await openBrowser();

  for (const [state, title, role] of [
    ["low", "The control plane’s disk fills up", "status"],
    ["readonly", "The control plane is read-only", "alert"],
  ] as const) {
    await fillDisk(world, state);
    await using somebody = await visit(browser, { baseUrl });
    const { page, go } = somebody;
    await go("/devices");
    await signIn(page);
    const alarm = page.getByRole(role).filter({ hasText: title });
    await alarm.getByText(/free space/i).waitFor();
    await alarm.getByText("This began").waitFor();
    await alarm.getByRole("link", { name: "Storage and backups" }).click();
    await page.getByRole("heading", { name: "Operations" }).waitFor();
    await alarm.waitFor();
    assert.deepEqual(somebody.complaints, []);

    await using other = await visit(browser, { baseUrl });
    await other.go("/");
    await signIn(other.page, approver);
    await other.page.getByRole("heading", { name: "Overview" }).waitFor();
    await other.page.getByText("Live", { exact: true }).waitFor();
    assert.equal(await other.page.getByText(title).count(), 0);
    assert.deepEqual(other.refusals, []);
  }
});
