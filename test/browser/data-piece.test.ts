import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { eventually, startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { signIn, visit } from "./visit.ts";

/** Would run as a script where text is taken for markup, and turns the rest of the line round. */
const HOSTILE = `\u202e<img src=x onerror="document.title='taken over'">.pcap`;
const SHOWN = HOSTILE.replace("\u202e", "[U+202E]");

test(
  "a piece of data tells where it lies, what it was made of, where else it lies, and what happened to it",
  { skip: noChromium },
  async (t) => {
    await using world = await startWorld();
    const { client, folder } = world;
    for (const name of ["gw1", "b1"]) {
      const directory = join(folder, `data-of-${name}`);
      await mkdir(directory);
      if (name === "gw1") await writeFile(join(directory, HOSTILE), "evidence");
      await world.enrolAgent(name, ["--source", `data=${directory}`, "--source-takes", "data"]);
    }
    const known = async () => (await client.call("diml/dml/fmdm/query", { expression: "kind:capture" })).items;
    const sources = async () => (await client.call("diml/dml/fmdm/datasource/list", {})).items;
    await eventually(async () => (await known()).length === 1, "the catalogue to know the data");
    await eventually(async () => (await sources()).length === 2, "both sources");
    await using browser = await openBrowser();
    await using somebody = await visit(browser, { baseUrl: world.baseUrl });
    const { page, go } = somebody;
    const section = (name: string) => page.getByRole("region", { name });
    const happened = page.getByRole("table", { name: "What happened to the data, newest first" });
    await go("/data/catalogue");
    await signIn(page);

    await t.test("an original was found, lies nowhere else, and is used by nobody", async () => {
      await page.getByRole("link", { name: SHOWN }).click();
      await page.getByRole("heading", { name: SHOWN }).waitFor();
      await section("Where it came from").getByText("It is an original").waitFor();
      await section("Where the same lies").getByText("Nowhere else that is known").waitFor();
      await section("In use").getByText("No data request uses it now").waitFor();
      await happened.getByRole("row", { name: /^it was found/ }).waitFor();
      await section("What it is").getByRole("link", { name: "gw1" }).waitFor();
    });
    await t.test("what a request does with it is told as it happens, and leads to the request", async () => {
      const { id } = await client.call("diml/find", {
        query: "kind:capture",
        name: HOSTILE,
        device: "b1",
        use: "copy",
      });
      await section("Where the same lies").getByRole("row", { name: /b1/ }).waitFor();
      await section("In use").getByRole("row", { name: /ready/ }).waitFor();
      await section("Where the same lies").getByRole("link", { name: SHOWN }).click();
      await section("Where it came from").getByRole("link", { name: SHOWN }).first().waitFor();
      await happened.getByRole("row", { name: /^it was brought here for a data request .*user:olga/ }).waitFor();
      await happened.getByRole("link", { name: "it was brought here for a data request" }).click();
      await page.waitForURL(`**/data/requests/${id}`);
      await page.getByRole("table", { name: "Reservations of the request" }).getByRole("link", { name: SHOWN }).click();
      await page.getByRole("heading", { name: SHOWN }).waitFor();
    });
    await t.test("a copy leads to what it is a copy of, and to who wanted it", async () => {
      await section("Where the same lies").getByRole("row", { name: /b1/ }).getByRole("link", { name: SHOWN }).click();
      const lineage = section("Where it came from");
      await lineage.getByText("Which lay on").waitFor();
      await lineage.getByRole("link", { name: "gw1" }).waitFor();
      await lineage.getByRole("link", { name: SHOWN }).first().click();
      await section("Where it came from").getByText("It is an original").waitFor();
    });
    await t.test("the source leads to all that lies there, and so does the map", async () => {
      await section("What it is").getByRole("link", { name: "data", exact: true }).click();
      await page.getByText("1 piece", { exact: true }).waitFor();
      await go("/data/map");
      await page
        .getByRole("table", { name: "Data sources" })
        .getByRole("row", { name: /gw1/ })
        .getByRole("link")
        .click();
      await page.waitForURL("**/devices/*/data");
      await page.getByRole("link", { name: SHOWN }).click();
      await page.getByRole("heading", { name: SHOWN }).waitFor();
    });
    assert.equal(await page.locator("img[src=x]").count(), 0);
    assert.deepEqual(somebody.complaints, []);
    assert.deepEqual(somebody.refusals, []);

    await t.test("what is not there is said", async () => {
      await go("/data/pieces/none");
      await page.getByRole("alert").getByText(/none/).first().waitFor();
    });
  },
);
