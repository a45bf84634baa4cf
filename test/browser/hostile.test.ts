import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createJob, endOf } from "../world/jobs.ts";
import { eventually, startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { troubledDevice } from "./troubled-device.ts";
import { signIn, visit } from "./visit.ts";

/** Would run as a script where text is taken for markup. */
const MARKUP = `<img src=x onerror="document.title='taken over'">`;
/** Turns the rest of the line round: "exe.txt" is shown for what ends in "exe". */
const REVERSAL = "invoice\u202etxt.exe";
/** Red in a terminal; clears it. */
const ESCAPES = "\u001b[31mred\u001b[2J";

test("what a device says is shown as text, whatever it says", { skip: noChromium }, async () => {
  await using world = await startWorld();
  const { client, folder } = world;
  const files = join(folder, "files");
  await mkdir(files);
  await writeFile(join(files, REVERSAL), "content");
  await world.enrolAgent("gw1", ["--allow", "exec", "--source", `files=${files}`, "--tag", `files:note=${MARKUP}`]);
  await client.call("cpl/dm/device/label", { device: "gw1", set: { note: MARKUP, turned: REVERSAL } });
  const { id } = await client.call("cpl/dm/device/update", { device: "gw1", name: MARKUP });
  const job = await createJob(world, id, "exec", { argv: ["printf", "%s\n", MARKUP, REVERSAL, ESCAPES] });
  await endOf(world, job);
  await eventually(
    async () => (await client.call("diml/dml/fmdm/data/list", {})).items.length === 1,
    "the file in the catalogue",
  );
  await using _troubled = await troubledDevice(world, "gw2", {
    conditions: [MARKUP, REVERSAL],
    note: [REVERSAL, MARKUP],
    lossReason: REVERSAL,
  });
  await client.call("cpl/dm/device/release", { device: "gw2" });
  await client.call("cpl/dm/device/quarantine", { device: "gw2", reason: `${MARKUP} ${REVERSAL}` });
  // Operators' words are somebody else's too, and what a condition looks at may hold any text.
  await client.call("sa/pe/policy/create", {
    name: `full ${REVERSAL}`,
    condition: `presence == "online" && !known("cpu.none") || value("cpu.none", "${MARKUP.replaceAll('"', "'")}") > 1`,
    selector: `id=${id}`,
    description: MARKUP,
  });
  await client.call("sa/pe/silence/create", { selector: "site=paris", until: Date.now() + 60_000, reason: MARKUP });
  await eventually(async () => (await client.call("sa/pe/alert/list", {})).items.length === 1, "an alert");
  await using browser = await openBrowser();
  await using somebody = await visit(browser, { baseUrl: world.baseUrl });
  const { page, go } = somebody;
  const seen = (text: string) => page.getByText(text).first().waitFor();
  await go("/");
  await signIn(page);

  await go("/devices");
  await page.getByRole("link", { name: MARKUP }).click();
  await page.getByRole("heading", { name: MARKUP }).waitFor();
  await seen(`note=${MARKUP}`);
  await seen("turned=invoice[U+202E]txt.exe");
  assert.equal(await page.title(), `${MARKUP} · Edgemere`);
  await go(`/devices/${id}/data`);
  await seen("invoice[U+202E]txt.exe");
  await seen(`note=${MARKUP}`);
  await go(`/devices/${id}/details`);
  await page.getByRole("button", { name: "Retire" }).click();
  await page.getByRole("dialog").getByText(MARKUP).waitFor();
  await go(`/jobs/${job}`);
  const output = page.getByRole("log", { name: "Output" });
  await output.getByText("␛[2J").waitFor();
  assert.equal(await output.innerText(), `${MARKUP}\ninvoice[U+202E]txt.exe\n␛[31mred␛[2J\n`);
  await go("/alerts");
  await page.getByRole("row", { name: "full invoice[U+202E]txt.exe" }).getByText(MARKUP).waitFor();
  await page.getByRole("link", { name: "full invoice[U+202E]txt.exe" }).click();
  await page.getByRole("heading", { name: `full invoice[U+202E]txt.exe on ${MARKUP}` }).waitFor();
  await go(`/devices/${id}/alerts`);
  await page.getByRole("link", { name: "full invoice[U+202E]txt.exe" }).waitFor();
  await go("/policies");
  await page.getByRole("link", { name: "full invoice[U+202E]txt.exe" }).click();
  await page.getByRole("heading", { name: "full invoice[U+202E]txt.exe" }).waitFor();
  await page.getByRole("row", { name: /^1 / }).waitFor();
  await go("/policies/silences");
  await page.getByRole("row", { name: MARKUP }).waitFor();
  await go("/devices/gw2/charts");
  await seen(`Why: ${MARKUP} invoice[U+202E]txt.exe.`);
  await page.getByText("cross-hatched red").filter({ hasText: "invoice[U+202E]txt.exe" }).waitFor();
  await go("/devices/gw2/delivery");
  const noted = page.getByRole("region", { name: "Noted by the agent" });
  await noted.getByRole("row", { name: `invoice[U+202E]txt.exe ${MARKUP}` }).waitFor();
  await go("/");
  await page.getByRole("region", { name: "In need of a look" }).getByRole("link", { name: MARKUP }).click();
  await page.getByRole("link", { name: "gw2" }).waitFor();
  await go("/");
  await seen(MARKUP);
  await go("/events?type=device.*");
  await page.getByRole("link", { name: MARKUP }).first().waitFor();
  await page.getByRole("button", { name: "device.updated" }).first().click();
  await page.getByText("invoice[U+202E]txt.exe").waitFor();

  assert.equal(await page.locator("img[src=x]").count(), 0);
  assert.deepEqual(somebody.complaints, []);
  assert.deepEqual(somebody.refusals, []);
});
