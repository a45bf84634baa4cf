import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import { createJob, endOf } from "../world/jobs.ts";
import { eventually, startWorld } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { isDrawn, signIn, visit } from "./visit.ts";
import { SPIKE, weekDevice } from "./week-device.ts";

test("charts of a week of samples a second are drawn, moved through and linked to", { skip: noChromium }, async (t) => {
  await using world = await startWorld({ devices: 1 });
  const week = await weekDevice(world, "week");
  await using browser = await openBrowser();
  await using somebody = await visit(browser, { baseUrl: world.baseUrl });
  const { page, go } = somebody;
  await watchLongTasks(page);
  const toldOfReports = sentOnSocket(page, "cpl/ta/watch");
  await go("/");
  await signIn(page);
  const chart = page.getByRole("slider", { name: "Busy, chart over time" });
  const shownRange = () => rangeOf(page);
  const width = () => shownRange().to - shownRange().from;

  await t.test("a week is drawn, and the one sample among 604,800 that stands out is there", async () => {
    await go("/devices/week/charts?last=7d");
    await eventually(() => isDrawn(chart.locator("canvas")), "the lines of a week");
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download CSV" }).click();
    const csv = await readFile(await (await download).path(), "utf8");
    const busy = csv.split("\r\n").filter((row) => row.includes(",cpu.busy_percent,"));
    assert.ok(busy.length > 500 && busy.length <= 1_000, `${busy.length} steps`);
    assert.equal(busy.filter((row) => row.endsWith(`,${SPIKE}`)).length, 1);
  });
  await t.test("an hour that the device lost is told on the time line, with the reason, and leads there", async () => {
    const line = page.getByRole("region", { name: "Time line" });
    await line.getByRole("button", { name: /^Not recorded: the device could not send, and had no room/ }).click();
    await page.getByText("Paused:").waitFor();
    await eventually(async () => shownRange().from < week.lost.from && shownRange().to > week.lost.to, "that hour");
    assert.ok(width() < 3 * HOUR);
    await page.goBack();
    await eventually(async () => new URL(page.url()).searchParams.get("last") === "7d", "the week again");
  });
  await t.test("the mouse marks what to look at closer; the wheel, keys and buttons zoom and pan", async () => {
    const { x, y, width: all, height } = await boxOf(page);
    await page.mouse.move(x + all * 0.25, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + all * 0.5, y + height / 2, { steps: 5 });
    await page.mouse.up();
    await eventually(async () => near(width(), 42 * HOUR, 4 * HOUR), "a quarter of a week");
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -400);
    await page.keyboard.up("Control");
    await eventually(async () => width() < 30 * HOUR, "a closer look");

    const seen = shownRange();
    await chart.focus();
    await page.keyboard.press("Shift+ArrowLeft");
    await eventually(
      async () => shownRange().from < seen.from && near(shownRange().to - shownRange().from, seen.to - seen.from, 2),
      "what was before",
    );
    await page.keyboard.press("-");
    await eventually(async () => near(width(), 2 * (seen.to - seen.from), 10), "twice as much");
    await page.getByRole("button", { name: "Zoom in" }).click();
    await eventually(async () => near(width(), seen.to - seen.from, 10), "half as much");
    await page.getByRole("button", { name: "Later" }).click();
    await eventually(async () => shownRange().to > seen.to, "what came later");
  });
  await t.test("one finger pans, two zoom", async () => {
    const seen = shownRange();
    const box = await boxOf(page);
    const at = (share: number) => ({ x: box.x + box.width * share, y: box.y + box.height / 2 });
    await touch(page, [[at(0.5)], [at(0.6)], [at(0.75)]]);
    await eventually(
      async () => near(shownRange().from, seen.from - (seen.to - seen.from) / 4, (seen.to - seen.from) / 20),
      "what was before",
    );
    assert.ok(near(width(), seen.to - seen.from, 2));
    await touch(page, [
      [at(0.4), at(0.6)],
      [at(0.35), at(0.65)],
      [at(0.3), at(0.7)],
    ]);
    await eventually(async () => near(width(), (seen.to - seen.from) / 2, (seen.to - seen.from) / 10), "half as much");
  });
  await t.test("one cursor goes through all charts, and arrow keys move it", async () => {
    await chart.focus();
    await page.keyboard.press("ArrowLeft");
    const first = await chart.getAttribute("aria-valuenow");
    await page.keyboard.press("ArrowLeft");
    const other = page.getByRole("slider", { name: "Average, chart over time" });
    await eventually(async () => (await chart.getAttribute("aria-valuenow")) !== first, "the cursor to move");
    await eventually(
      async () =>
        near(
          Number(await other.getAttribute("aria-valuenow")),
          Number(await chart.getAttribute("aria-valuenow")),
          MINUTE,
        ),
      "the other chart to follow",
    );
    assert.match((await chart.getAttribute("aria-valuetext")) ?? "", /: Busy \d/);
    await page.keyboard.press("Escape");
  });
  await t.test("a link shows the same range and zone, to the sample", async () => {
    const from = new Date(week.spikeAt - MINUTE).toISOString();
    const to = new Date(week.spikeAt + MINUTE).toISOString();
    await go(`/devices/week/charts?${new URLSearchParams({ from, to, zone: "utc" }).toString()}`);
    await page.getByRole("button", { name: "Busy as a table" }).click();
    const table = page.getByRole("dialog", { name: "Busy" });
    await table.getByText("121 moments.").waitFor();
    await table
      .getByRole("row", { name: `${SPIKE.toLocaleString("en-GB")} %` })
      .getByText("UTC")
      .waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "From … to" }).click();
    assert.equal(await page.getByLabel("From, UTC").inputValue(), from.slice(0, 19));
    await page.getByLabel("From, UTC").fill("2026-01-02T00:00:00");
    await page.getByLabel("To, UTC").fill("2026-01-01T00:00:00");
    await page.getByText("The end must be later than the beginning").waitFor();
    await page.getByLabel("To, UTC").fill("2026-01-03T00:00:00");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.getByText("Nothing was recorded in this time").waitFor();
    assert.equal(new URL(page.url()).searchParams.get("from"), "2026-01-02T00:00:00.000Z");
  });
  await t.test("a command stands on the time line with its outcome, and leads to its job", async () => {
    await endOf(world, await createJob(world, "simulated-001", "ping"));
    await go("/devices/simulated-001/charts?last=15m");
    const commands = page.getByRole("region", { name: "Time line" }).getByRole("list", { name: "Commands" });
    await commands.getByRole("link", { name: /^ping: succeeded; asked .+, over after / }).click();
    await page.getByRole("list", { name: "State: succeeded" }).waitFor();
  });
  await t.test("looking at the past stands still, and going live goes on", async () => {
    await go("/devices/simulated-001/charts?last=15m");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("Paused:").waitFor();
    const { from, to } = shownRange();
    assert.ok(near(to - from, 15 * MINUTE, 15 * MINUTE));
    await page.getByRole("button", { name: "Go live" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await toldOfReports;
    const numbers = page.getByRole("region", { name: "CPU" }).locator(".legend td");
    const seen = String(await numbers.allInnerTexts());
    await eventually(async () => String(await numbers.allInnerTexts()) !== seen, "other numbers");
  });

  for (const each of await longTasks(page)) t.diagnostic(each);
  assert.deepEqual(somebody.complaints, []);
  assert.deepEqual(somebody.refusals, []);
});

/** Resolves when the page says these words on a WebSocket that it opens from now on. */
const sentOnSocket = (page: Page, words: string): Promise<void> =>
  new Promise((resolve) => {
    page.on("websocket", (socket) =>
      socket.on("framesent", ({ payload }) => {
        if (String(payload).includes(words)) resolve();
      }),
    );
  });

const near = (one: number, other: number, slack: number) => Math.abs(one - other) <= slack;

/** What the address says. */
function rangeOf(page: Page): { from: number; to: number } {
  const { searchParams } = new URL(page.url());
  const at = (name: string) => Date.parse(searchParams.get(name) ?? "");
  return { from: at("from"), to: at("to") };
}

/** Where the lines of the first chart are, on the screen. */
async function boxOf(page: Page) {
  await page.locator(".chart-area[aria-busy=false]").waitFor();
  const over = page.locator(".u-over").first();
  await over.scrollIntoViewIfNeeded();
  const box = await over.boundingBox();
  assert.ok(box);
  return box;
}

/** Fingers that come down, move from place to place, and go. */
async function touch(page: Page, places: readonly (readonly { x: number; y: number }[])[]): Promise<void> {
  const protocol = await page.context().newCDPSession(page);
  for (const [step, fingers] of places.entries())
    await protocol.send("Input.dispatchTouchEvent", {
      type: step === 0 ? "touchStart" : "touchMove",
      touchPoints: fingers.map((finger, id) => ({ ...finger, id })),
    });
  await protocol.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await protocol.detach();
}

/** Milliseconds for which nothing else could happen in the page are what an operator feels. */
const FELT = 200;

async function watchLongTasks(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen = JSON.parse(sessionStorage.getItem("long tasks") ?? "[]") as string[];
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) seen.push(`${location.pathname}${location.search}\0${duration}`);
      sessionStorage.setItem("long tasks", JSON.stringify(seen));
    }).observe({ type: "longtask", buffered: true });
  });
}

async function longTasks(page: Page): Promise<readonly string[]> {
  const seen = JSON.parse(await page.evaluate(() => sessionStorage.getItem("long tasks") ?? "[]")) as string[];
  const durations = seen.map((each) => Number(each.split("\0")[1]));
  const felt = seen.filter((each) => Number(each.split("\0")[1]) > FELT);
  return [
    `${durations.length} tasks of the page took over 50 ms, ${felt.length} of them over ${FELT} ms; the longest ${Math.max(0, ...durations)} ms`,
    ...felt.map((each) => each.replace("\0", ": ") + " ms"),
  ];
}
