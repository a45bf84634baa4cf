// How long a new user waits: from `npm start` on a fresh data folder to live charts in the browser.
// `node test/dist/browser/first-start.js`, and with `--build` from a tree in which nothing is built, for which what is built is deleted.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Program } from "../world/program.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { eventually, owner } from "../world/world.ts";
import { openBrowser } from "./chromium.ts";
import { isDrawn, visit } from "./visit.ts";

const BUILT = ["protocol/generated", ...["protocol", "agent", "control-plane"].map(distOf)];
const root = join(import.meta.dirname, "../../..");

const clock = () => Number((performance.now() / 1_000).toFixed(1));
const since = (start: number) => `${(clock() - start).toFixed(1).padStart(6)} s`;

await using folder = await temporaryFolder("first-start");
await using browser = await openBrowser();
if (process.argv.includes("--build"))
  for (const path of BUILT) await rm(join(root, path), { recursive: true, force: true });

const startedAt = clock();
await using launcher = new Program({
  script: "deploy/start.mjs",
  args: ["--data", join(folder.path, "data"), ...ports()],
});
await launcher.said(/✔ typescript/);
console.log(`${since(startedAt)}  the sources are compiled, or were`);
const [, portal = ""] = await launcher.said(/Portal +(\S+)/);
const [, setupCode = ""] = await launcher.said(/Setup code +(\S+)/);
const promptAt = clock();
console.log(`${since(startedAt)}  the prompt tells the portal's address`);

await using user = await visit(browser, { baseUrl: new URL(portal).origin });
const { page } = user;
await page.goto(portal);
await page.getByRole("textbox", { name: "Setup code" }).fill(setupCode);
await page.getByRole("textbox", { name: "Your name" }).fill(owner.name);
await page.getByRole("textbox", { name: "Password", exact: true }).fill(owner.password);
await page.getByRole("textbox", { name: "Password again" }).fill(owner.password);
await page.getByRole("button", { name: "Make the account" }).click();
await page.getByRole("link", { name: "1 Online" }).click();
await page.locator(".data-table tbody a").first().click();
const chart = page.locator("canvas").first();
await chart.waitFor();
await eventually(() => isDrawn(chart), "the first line of a chart");
console.log(`${since(startedAt)}  a chart is drawn, ${since(promptAt).trim()} after the prompt`);
const numbers = page.locator(".legend td");
const before = String(await numbers.allInnerTexts());
await eventually(async () => String(await numbers.allInnerTexts()) !== before, "other numbers");
console.log(`${since(startedAt)}  its numbers have changed: it is live`);
await launcher.interrupt();
console.log(`${since(startedAt)}  Ctrl-C has stopped everything`);

function distOf(workspace: string): string {
  return `${workspace}/dist`;
}

/** Any that are free. */
function ports(): readonly string[] {
  return ["portal", "mqtt", "device", "subscribers"].flatMap((name) => [`--${name}-port`, "0"]);
}
