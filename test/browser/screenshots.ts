// Pictures of every page of the portal, to be looked at: `node test/dist/browser/screenshots.js FOLDER [PAGE …]`
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { openBrowser } from "./chromium.ts";
import { startLivelyWorld } from "./lively-world.ts";
import { fillDisk } from "./storage.ts";
import { signIn, stillness, visit, type Visit } from "./visit.ts";

const [folder = "", ...wanted] = process.argv.slice(2);
if (folder === "") throw new Error("say into which folder the pictures shall go");
await mkdir(folder, { recursive: true });

const { world, pages } = await startLivelyWorld();
await using _world = world;
await using browser = await openBrowser();

const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name);

/** Looks at the portal in each scheme and width. */
async function everyWay(look: (somebody: Visit, take: (name: string) => Promise<void>) => Promise<void>) {
  for (const colorScheme of ["light", "dark"] as const)
    for (const width of [1280, 400]) {
      await using somebody = await visit(browser, { baseUrl: world.baseUrl, colorScheme, width });
      const { page } = somebody;
      await look(somebody, async (name) => {
        if (!isWanted(name)) return;
        await stillness(page);
        const path = join(folder, `${name}-${colorScheme}-${width}.png`);
        // A window stands in the middle of what is seen, not of the whole page.
        await page.screenshot({ path, fullPage: !name.startsWith("dialog-") });
      });
      for (const complaint of somebody.complaints) console.error(`${colorScheme} ${width}: ${complaint}`);
    }
}

await everyWay(async ({ page, go }, take) => {
  await go("/");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await take("sign-in");
  await go("/sso?error=access_denied");
  await page.getByRole("alert").waitFor();
  await take("single-sign-on");
  await go("/");
  await signIn(page);
  for (const [name, [address, text]] of Object.entries(pages)) {
    if (!isWanted(name)) continue;
    await go(address);
    await page.getByText(text).first().waitFor({ state: "attached" });
    await take(name);
  }
  await go("/data");
  await page.getByRole("button", { name: "Find data" }).click();
  await page.getByRole("textbox", { name: "Query" }).waitFor();
  await take("dialog-find-data");
  await go("/devices");
  await page.getByRole("button", { name: "Enrol a device" }).click();
  await page.getByRole("button", { name: "Done" }).waitFor();
  await take("dialog-enrol");
  await go("/about");
  await page.getByRole("heading", { name: "About" }).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  await take("dialog-keyboard");
  await go("/devices/edge-9/charts");
  await page.getByRole("button", { name: "Release from quarantine" }).click();
  await page.getByRole("button", { name: "Release", exact: true }).waitFor();
  await take("dialog-release");
});

for (const state of ["low", "readonly"] as const) {
  const name = `storage-${state}`;
  if (!isWanted(name)) continue;
  await fillDisk(world, state);
  await everyWay(async ({ page, go }, take) => {
    await go("/operations");
    await signIn(page);
    await page.locator(".storage-alarm").waitFor();
    await page.getByText("edgemere-control-plane restore").first().waitFor();
    await take(name);
  });
}
