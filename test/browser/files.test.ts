import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
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
