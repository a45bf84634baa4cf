import assert from "node:assert/strict";
import { test } from "node:test";
import { createJob, endOf, presenceOf } from "../world/jobs.ts";
import { startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { signIn, visit } from "./visit.ts";

test(
  "a device's time line tells what happened to it, leads there, and goes on by itself",
  { skip: noChromium },
  async () => {
    await using world = await startWorld();
    const agent = await world.enrolAgent("gw1", ["--allow", "exec"]);
    await endOf(world, await createJob(world, "gw1", "exec", { argv: ["false"] }));
    await using browser = await openBrowser();
    await using somebody = await visit(browser, { baseUrl: world.baseUrl });
    const { page, go } = somebody;
    await go("/devices/gw1/story");
    await signIn(page);
    const story = page.getByRole("table", { name: "What happened to the device" });

    await story.getByRole("row", { name: /asked for exec failed by user:olga/ }).waitFor();
    await story.getByRole("row", { name: /facts changed.*os.name/ }).waitFor();
    await story.getByRole("row", { name: /device.create/ }).waitFor();
    await endOf(world, await createJob(world, "gw1", "ping"));
    await story.getByRole("row", { name: /asked for ping succeeded/ }).waitFor();
    await agent.stop();
    await presenceOf(world, "gw1", ["offline"]);
    await story.getByRole("row", { name: /device.offline/ }).waitFor();
    const [first = ""] = await story.getByRole("row").nth(1).allInnerTexts();
    assert.match(first, /device.offline/);
    await story.getByRole("link", { name: "asked for exec" }).click();
    await page.getByRole("heading", { name: "exec", level: 1 }).waitFor();
    assert.deepEqual(somebody.complaints, []);
    assert.deepEqual(somebody.refusals, []);
  },
);
