import assert from "node:assert/strict";
import { test } from "node:test";
import { noTerminal } from "../world/has-terminal.ts";
import { opensTerminals } from "../world/terminals.ts";
import { eventually, startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { signIn, visit } from "./visit.ts";

test(
  "a terminal of a real device is opened, typed at, left and played in the portal",
  { skip: noChromium || noTerminal },
  async () => {
    await using world = await startWorld();
    await world.enrolAgent("gw1", opensTerminals);
    await using browser = await openBrowser();
    await using somebody = await visit(browser, { baseUrl: world.baseUrl });
    const { page, go } = somebody;
    await go("/devices/gw1/commands");
    await signIn(page);
    await page.getByRole("combobox", { name: "Kind" }).click();
    await page.getByRole("option", { name: "terminal.open" }).click();
    await page.getByRole("textbox", { name: "Reason" }).fill("INC-204: disk full");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    const terminal = page.getByRole("region", { name: "Terminal of the device" });
    await page.getByText("The terminal is open.").waitFor();

    // Everything by keyboard; colours of 24 bits, a title and a question are among what it shows.
    await page.keyboard.type("printf '\\033[38;2;1;2;3m\\033]0;evil\\007\\033[c'; echo $((6*7))answer");
    await page.keyboard.press("Enter");
    await eventually(async () => (await terminal.innerText()).includes("42answer"), "the answer on the screen");
    assert.notEqual(await page.title(), "evil");
    await page.keyboard.press("Shift+Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.closest(".terminal") ?? undefined), undefined);
    await page.getByRole("button", { name: "End the terminal" }).click();
    await page.getByText(/The terminal has ended: somebody left|The terminal has ended: hung up/).waitFor();

    await page.getByRole("button", { name: "Play the recording" }).click();
    await page.getByText("and its device signed that it showed the same").waitFor();
    const played = page.getByRole("region", { name: "Recording" });
    await eventually(async () => (await played.innerText()).includes("42answer"), "the answer in the recording");
    assert.deepEqual(somebody.complaints, []);
  },
);
