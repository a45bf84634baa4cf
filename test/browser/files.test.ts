import assert from "node:assert/strict";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { sha256Of, someContent } from "../world/files.ts";
import { startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { signIn, visit } from "./visit.ts";

test("a file is uploaded, downloaded and removed in the portal", { skip: noChromium }, async (t) => {
  await using world = await startWorld();
  await using browser = await openBrowser();
  await using somebody = await visit(browser, { baseUrl: world.baseUrl });
  const { page, go } = somebody;
  const content = someContent(1_000_000);
  await go("/files");
  await signIn(page);

  await t.test("what is picked is sent, and is a file that is whole", async () => {
    await page.getByText("There is no file yet").waitFor();
    await page
      .getByLabel("File to upload")
      .setInputFiles({ name: "firmware.img", mimeType: "application/octet-stream", buffer: content });
    await page.getByText("firmware.img: uploaded").waitFor();
    await page
      .getByRole("row", { name: /firmware.img/ })
      .getByText("ready")
      .waitFor();
    const [row] = (await world.client.call("cpl/dm/file/list")).items;
    assert.equal(row?.sha256, sha256Of(content));
  });
  await t.test("what is downloaded is what was uploaded", async () => {
    const coming = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download firmware.img" }).click();
    const download = await coming;
    assert.equal(download.suggestedFilename(), "firmware.img");
    assert.equal(sha256Of(await readFile(await download.path())), sha256Of(content));
  });
  await t.test("a file is removed when its name was typed", async () => {
    await page.getByRole("button", { name: "Remove the file firmware.img" }).click();
    await page.getByRole("dialog").getByRole("textbox").fill("firmware.img");
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("There is no file yet").waitFor();
  });
  assert.deepEqual(somebody.complaints, []);
  assert.deepEqual(somebody.refusals, []);
});

test(
  "the open folders of a device are looked through in the portal, and a file is fetched",
  { skip: noChromium },
  async (t) => {
    await using world = await startWorld();
    const root = join(world.folder, "srv");
    await mkdir(join(root, "logs"), { recursive: true });
    await writeFile(join(root, "logs", "app.log"), "a line\n");
    await writeFile(join(root, "logs", "evil\u202egpj.exe"), "");
    await symlink("/etc", join(root, "way-out"));
    await world.enrolAgent("gw1", ["--allow", "file.get", "--file-root", root]);
    await using browser = await openBrowser();
    await using somebody = await visit(browser, { baseUrl: world.baseUrl });
    const { page, go } = somebody;
    await go("/devices/gw1/files");
    await signIn(page);
    const table = page.getByRole("table", { name: "What lies in the folder" });

    await t.test("nothing is asked before somebody asks, and then the roots are shown", async () => {
      await page.getByText("Nothing was looked at yet").waitFor();
      assert.deepEqual((await world.client.call("cpl/dm/job/list", {})).items, []);
      await page.getByRole("button", { name: "Show the open folders" }).click();
      await table.getByRole("button", { name: root }).click();
      await table.getByRole("row", { name: /way-out link/ }).waitFor();
      assert.equal(await table.getByRole("button", { name: "way-out" }).count(), 0);
    });
    await t.test("a folder is entered, hidden characters are named, and a file is fetched", async () => {
      await table.getByRole("button", { name: "logs" }).click();
      await table.getByText("U+202E").waitFor();
      await page.getByRole("button", { name: "Fetch app.log" }).click();
      await page.getByText("It was done.").waitFor();
      await page.getByRole("link", { name: "What has come is among the files" }).click();
      await page
        .getByRole("row", { name: /app.log/ })
        .getByText("ready")
        .waitFor();
    });
    await t.test("while a folder is asked for, nothing of the one before stands under its name", async () => {
      await go("/devices/gw1/files");
      await page.getByRole("button", { name: "Show the open folders" }).click();
      let letGo = () => {};
      const held = new Promise<void>((resolve) => (letGo = resolve));
      await page.route("**/cpl/dm/job/create", async (route) => {
        await held;
        await route.continue();
      });
      await table.getByRole("button", { name: root }).click();
      await page.getByText(`In ${root}`).waitFor();
      assert.equal(await table.count(), 0);
      letGo();
      await table.getByRole("button", { name: "logs" }).waitFor();
      await page.unroute("**/cpl/dm/job/create");
    });
    await t.test("one that has gone meanwhile is told in words, and there is a way back", async () => {
      await go("/devices/gw1/files");
      await page.getByRole("button", { name: "Show the open folders" }).click();
      await table.getByRole("button", { name: root }).click();
      await table.getByRole("button", { name: "logs" }).waitFor();
      await rm(join(root, "logs"), { recursive: true });
      await table.getByRole("button", { name: "logs" }).click();
      await page.getByText(/logs does not exist/).waitFor();
      await page.getByRole("button", { name: "Back" }).click();
      await table.getByRole("row", { name: /way-out link/ }).waitFor();
      assert.equal(await table.getByRole("button", { name: "logs" }).count(), 0);
    });
    assert.deepEqual(somebody.complaints, []);
    assert.deepEqual(somebody.refusals, []);
  },
);
