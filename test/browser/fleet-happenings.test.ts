import assert from "node:assert/strict";
import { test } from "node:test";
import type { Locator } from "playwright-core";
import { createJob, endOf } from "../world/jobs.ts";
import { eventually, startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { troubledDevice, troubles } from "./troubled-device.ts";
import { signIn, visit } from "./visit.ts";

/** Turns the rest of the line round, and would run as a script where text is taken for markup. */
const HOSTILE = `\u202e<img src=x onerror="document.title='taken over'">`;

test(
  "gaps and commands of the devices of a fleet chart stand on its time line, and lead to what they are",
  { skip: noChromium },
  async (t) => {
    await using world = await startWorld({ devices: 2, labels: { role: "gateway" } });
    await using _troubled = await troubledDevice(world, "edge-9", { ...troubles, lossReason: HOSTILE });
    await world.client.call("cpl/dm/device/release", { device: "edge-9" });
    await world.client.call("cpl/dm/device/update", { device: "edge-9", name: `edge-9${HOSTILE}` });
    const job = await createJob(world, "simulated-002", "ping");
    await endOf(world, job);
    const { plan } = await world.client.call("cpl/dm/job/plan", { selector: "name=simulated-001", kind: "ping" });
    const { id: rollout } = await world.client.call("cpl/dm/job/apply", { plan });
    const stateOf = async () => (await world.client.call("cpl/dm/rollout/find", { rollout })).state;
    await eventually(async () => (await stateOf()) === "succeeded", "the rollout");
    await using browser = await openBrowser();
    await using somebody = await visit(browser, { baseUrl: world.baseUrl });
    const { page, go } = somebody;
    const line = page.getByRole("region", { name: "Time line" });
    const gaps = line.getByRole("list", { name: "Not recorded" }).getByRole("button");
    const commands = line.getByRole("list", { name: "Commands" });
    await go("/charts/fleet?last=15m");
    await signIn(page);

    await t.test("of the whole fleet the wave, the command and the gap are there, as marks and as rows", async () => {
      await gaps.first().waitFor();
      await page.getByRole("button", { name: "Time line as a table" }).click();
      const rows = page.getByRole("table", { name: "What happened to the devices, newest first" });
      await rows.getByRole("row", { name: /wave 1 of ping on 1 device succeeded/ }).waitFor();
      await rows.getByRole("row", { name: /ping on simulated-002 succeeded/ }).waitFor();
      await rows.getByRole("row", { name: /not recorded of edge-9\[U\+202E\]<img.* 15 s: \[U\+202E\]<img/ }).waitFor();
      await rows.getByRole("link", { name: "ping on simulated-002" }).click();
      await page.waitForURL(`**/jobs/${job}`);
    });
    await t.test(
      "a moment stands above itself: lanes begin and end where the chart does, on a narrow page too",
      async () => {
        await go("/charts/fleet?last=15m");
        const edgesOf = async (of: Locator) => {
          const { x = 0, width = 0 } = (await of.first().boundingBox()) ?? {};
          return [Math.round(x), Math.round(x + width)];
        };
        for (const width of [1_280, 400]) {
          await page.setViewportSize({ width, height: 900 });
          await eventually(async () => {
            const plot = await edgesOf(page.locator(".u-over"));
            const lanes = [await edgesOf(line.getByRole("list")), await edgesOf(commands)];
            // With the border of a lane.
            return lanes.flat().every((edge, place) => Math.abs(edge - (plot[place % 2] ?? 0)) <= 2);
          }, `lanes to be where the chart is, ${width} pixels wide`);
        }
        await page.setViewportSize({ width: 1_280, height: 900 });
      },
    );
    await t.test("of some devices only what happened to them is marked, and a mark leads there", async () => {
      await go("/charts/fleet?last=15m&selector=name%3Dsimulated-002");
      await commands.getByRole("link", { name: /^ping on simulated-002: succeeded; asked / }).waitFor();
      assert.equal(await commands.getByRole("listitem").count(), 1);
      await go("/charts/fleet?last=15m&selector=name%3Dsimulated-001");
      await commands.getByRole("link", { name: /^wave 1 of ping on 1 device: succeeded; asked / }).focus();
      await page.keyboard.press("Enter");
      await page.waitForURL(`**/rollouts/${rollout}`);
    });
    await t.test("a gap leads to its time", async () => {
      await go("/charts/fleet?last=15m&selector=name.startsWith(%22edge%22)");
      const gap = gaps.first();
      await gap.focus();
      assert.match((await gap.getAttribute("title")) ?? "", /^Not recorded of edge-9\[U\+202E\]<img/);
      await page.keyboard.press("Enter");
      await page.getByText("Paused:").waitFor();
    });
    await t.test("of an aggregated device it is the same", async () => {
      await world.client.call("cpl/ta/adevice/create", { name: "one", selector: "name=simulated-002" });
      await go("/charts/fleet?last=15m&adevice=one");
      await commands.getByRole("link", { name: /^ping on simulated-002: / }).waitFor();
      assert.equal(await commands.getByRole("listitem").count(), 1);
    });
    assert.equal(await page.locator("img[src=x]").count(), 0);
    assert.deepEqual(somebody.complaints, []);
    assert.deepEqual(somebody.refusals, []);
  },
);
