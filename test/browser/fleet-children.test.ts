import assert from "node:assert/strict";
import { test } from "node:test";
import { startChildOf } from "../world/child-plane.ts";
import { eventually, startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { troubledDevice, troubles } from "./troubled-device.ts";
import { isDrawn, signIn, visit } from "./visit.ts";

test(
  "devices of a control plane below are charted in the fleet, and what they did not record is marked there",
  { skip: noChromium },
  async (t) => {
    await using world = await startWorld({ devices: 1, controlPlane: { flags: ["--windows-every", "10s"] } });
    const { world: site_, ...child } = await startChildOf(world, "oslo", 0);
    await using site = site_;
    await using _troubled = await troubledDevice(site, "edge-9", troubles);
    await world.client.call("cpl/ta/child/create", { name: "oslo", reporter: child.reporter, origins: [child.origin] });
    await eventually(async () => {
      const { items } = await world.client.call("cpl/ta/child/gaps", { child: "oslo" });
      return items.length > 0;
    }, "a gap of the child's device");
    await using browser = await openBrowser();
    await using somebody = await visit(browser, { baseUrl: world.baseUrl });
    const { page, go } = somebody;
    const chart = page.getByRole("slider", { name: "Busy: mean, chart over time" });
    const gaps = page.getByRole("region", { name: "Time line" }).getByRole("list", { name: "Not recorded" });
    await go("/charts/children");
    await signIn(page);

    await t.test(
      "its row leads to a chart in which something is drawn, and that tells where its gaps are",
      async () => {
        await page.getByRole("link", { name: "oslo" }).click();
        await page.waitForURL("**/charts/fleet?*");
        await eventually(() => isDrawn(chart.locator("canvas")), "a line");
        await page.getByText(/^Gaps of devices of other control planes are shown where/).waitFor();
      },
    );
    await t.test("grouped by device each has its gaps, under the name that it has here", async () => {
      await go("/charts/fleet?by=device&last=1h");
      const gap = gaps.getByRole("button", { name: /^Not recorded of oslo\/edge-9/ });
      await gap.first().waitFor();
    });
    assert.deepEqual(somebody.complaints, []);
    assert.deepEqual(somebody.refusals, []);
  },
);
