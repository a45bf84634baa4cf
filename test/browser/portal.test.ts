import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { createClient } from "@edgemere/control-plane/client";
import { AgentProgram } from "../world/agent-program.ts";
import { ControlPlaneProgram } from "../world/control-plane-program.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { eventually, owner } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { isDrawn, visit } from "./visit.ts";

test("the portal leads from the setup code to live charts, commands and data", { skip: noChromium }, async (t) => {
  await using folder = await temporaryFolder("portal");
  const logs = join(folder.path, "logs");
  await mkdir(logs);
  await writeFile(join(logs, "app.log"), "a line\n");
  await using controlPlane = new ControlPlaneProgram(join(folder.path, "control-plane"));
  const { ports, setupCode = "" } = await controlPlane.start();
  const baseUrl = `http://127.0.0.1:${ports.portal}`;
  const flags = ["--allow", "exec", "--source", `logs=${logs}`, "--tag", "logs:kind=log"];
  await using agent = new AgentProgram({ dataFolder: join(folder.path, "gw1"), flags });
  agent.enrol(await controlPlane.enrolmentToken(), "gw1");
  await using second = new AgentProgram({ dataFolder: join(folder.path, "gw2") });
  await using browser = await openBrowser();
  await using somebody = await visit(browser, { baseUrl });
  const { page, go } = somebody;
  const open = (tab: string) => page.getByRole("tab", { name: tab }).click();

  await t.test("the setup code, typed into the page, makes the first account", async () => {
    await page.goto("/");
    await page.getByRole("textbox", { name: "Setup code" }).fill(setupCode);
    await page.getByRole("textbox", { name: "Your name" }).fill(owner.name);
    await page.getByRole("textbox", { name: "Password", exact: true }).fill(owner.password);
    await page.getByRole("textbox", { name: "Password again" }).fill(owner.password);
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
  });
  await t.test("the overview counts the device and leads to it", async () => {
    await page.getByRole("link", { name: "1 Online" }).click();
    await page.getByRole("link", { name: "gw1" }).click();
    await page.getByRole("heading", { name: "gw1" }).waitFor();
  });
  await t.test("charts of this machine are drawn and go on by themselves", async () => {
    const memory = page.getByRole("region", { name: "Memory" });
    await memory.getByRole("row", { name: `Total ${gibibytes(totalmem())}` }).waitFor();
    await eventually(async () => isDrawn(memory.locator("canvas").first()), "the lines of a chart");
    const numbers = page.getByRole("region", { name: "CPU" }).locator("tbody td");
    const before = await numbers.allInnerTexts();
    await eventually(async () => String(await numbers.allInnerTexts()) !== String(before), "other numbers");
  });
  await t.test("a command is run from a form, and its end and output are seen as they come", async () => {
    await open("Commands");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await stepOf(page, "succeeded").waitFor();

    await page.getByRole("combobox", { name: "Kind" }).click();
    await page.getByRole("option", { name: "exec" }).click();
    const words = page.getByRole("combobox", { name: "Argv" });
    for (const word of ["sh", "-c", "echo from the device; exit 3"]) {
      await words.fill(word);
      await words.press("Enter");
    }
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByRole("log", { name: "Output" }).getByText("from the device").waitFor();
    await stepOf(page, "failed").waitFor();
    await page.getByText('"exitCode": 3').waitFor();
  });
  await t.test("devices are searched by the control plane, whose refusal stands at the field", async () => {
    await page.getByRole("link", { name: "Devices", exact: true }).first().click();
    const field = page.getByRole("textbox", { name: "Which devices" });
    await field.fill('name == "gw1"');
    await field.press("Enter");
    await page.getByRole("link", { name: "gw1" }).waitFor();
    await page.getByText("1 device", { exact: true }).waitFor();
    await field.fill('colour == "red"');
    await field.press("Enter");
    await page.locator("form").getByText("colour").waitFor();
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    await page.getByRole("button", { name: "Clear" }).click();
  });
  await t.test("a device that is enrolled with the command of the dialog appears by itself", async () => {
    await page.getByRole("button", { name: "Enrol a device" }).click();
    const command = await page.getByLabel("The command that enrols a host").innerText();
    const [, token = ""] = /^npx edgemere-agent enrol (\S+) --run$/.exec(command) ?? [];
    await page.getByRole("button", { name: "Done" }).click();
    second.enrol(token, "gw2");
    await page.getByRole("link", { name: "gw2" }).waitFor();
  });
  await t.test("a data request is seen to become satisfied", async () => {
    await page.getByRole("link", { name: "Data", exact: true }).click();
    await page.getByText("app.log").waitFor();
    await page.getByRole("button", { name: "Find data" }).click();
    await page.getByRole("textbox", { name: "Query" }).fill("kind:log");
    await page.getByRole("button", { name: "Make the request" }).click();
    await page.locator(".page-head").getByText("satisfied").waitFor();
    await page.getByRole("region", { name: "Instances" }).getByText("app.log", { exact: true }).waitFor();
    const happened = page.getByRole("region", { name: "What happened" });
    await happened.getByText("datarequest.satisfied").waitFor();
    await happened
      .getByRole("listitem")
      .filter({ hasText: "datareservation.confirmed" })
      .getByText("app.log")
      .waitFor();
    await page.getByRole("button", { name: "End it" }).click();
    const named = (await page.getByRole("heading", { level: 1 }).innerText()).trim();
    await page.getByRole("textbox", { name: /to confirm$/ }).fill(named);
    await page.getByRole("dialog").getByRole("button", { name: "End it" }).click();
    await happened.getByText("datarequest.completed").waitFor();
    await page.getByRole("button", { name: "End it" }).waitFor({ state: "detached" });
  });
  await t.test("what happens elsewhere is among the events at once", async () => {
    await page.getByRole("link", { name: "Events", exact: true }).click();
    await page.getByRole("heading", { name: "Events" }).waitFor();
    const { token = "" } = await createClient({ baseUrl }).call("ia/signin", owner);
    await createClient({ baseUrl, token }).call("cpl/dm/device/update", { device: "gw1", name: "gateway-1" });
    const rows = page.getByRole("list", { name: "Events, newest first" }).getByRole("listitem");
    const row = rows.filter({ hasText: "device.updated" }).filter({ hasText: "gateway-1" }).last();
    await row.getByRole("button").click();
    await row.getByText('"name": "gateway-1"').waitFor();
  });
  await t.test("signing out leads to the sign-in, and the way back is closed", async () => {
    await page.getByRole("button", { name: "Account olga" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await go("/devices");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  });

  assert.deepEqual(somebody.complaints, []);
  assert.deepEqual(somebody.refusals, ["400 /edgemere/cpl/dm/device/list"]);
});

const stepOf = (page: Page, state: string) => page.getByRole("list", { name: `State: ${state}` });

/** As the portal writes it. */
const gibibytes = (bytes: number) =>
  `${new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 }).format(bytes / 1_024 ** 3)} GiB`;
