import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { noChromium, openBrowser } from "../browser/chromium.ts";
import { signIn, stillness, visit, type Visit } from "../browser/visit.ts";
import { startWorld, type World } from "../world/world.ts";
import { hostileAgent } from "./hostile-agent.ts";
import { payloads } from "./payloads.ts";

const WIDTH = 1_280;
/** What must not be on a page: characters that act or hide, and towers of marks. */
const ACTS =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0]|\p{M}{7,}/gu;

let world: World;
let browser: Browser;
let somebody: Visit;
let left: Awaited<ReturnType<typeof hostileAgent>>;
before(async () => {
  if (noChromium !== false) return;
  world = await startWorld();
  left = await hostileAgent(world, "hostile");
  browser = await openBrowser();
  somebody = await visit(browser, { baseUrl: world.baseUrl, width: WIDTH });
  await somebody.go("/");
  await signIn(somebody.page);
});
after(async () => {
  await somebody?.[Symbol.asyncDispose]();
  await browser?.close();
  await world?.[Symbol.asyncDispose]();
});

const device = (tab: string) => () => `/devices/${left.device}/${tab}`;
/** A page, and a text on it that the device has said. */
const pages: readonly (readonly [title: string, address: () => string, shows: string])[] = [
  ["the overview", () => "/", "hostile"],
  ["the list of devices", () => "/devices", "<img src=x"],
  ["a device's charts", device("charts"), "<img src=x"],
  ["a device's inventory", device("inventory"), "␛[2J␛[H"],
  ["a device's data", device("data"), "<img src=x"],
  ["a device's delivery", device("delivery"), "a;=1+1"],
  ["a device's details", device("details"), "<img src=x"],
  ["a device's commands", device("commands"), "exec"],
  ["a job", () => `/jobs/${left.job}`, "invoice[U+202E]txt.exe"],
  ["the list of jobs", () => "/jobs", "exec"],
  ["a data request", () => `/data/requests/${left.request}`, "size > 0"],
  ["the data catalogue", () => "/data", "<img src=x"],
  ["the events", () => "/events?type=device.*", "hostile"],
];

for (const [title, address, shows] of pages)
  test(
    `T16 on ${title} nothing that a device says is run, hides, or breaks the page`,
    { skip: noChromium },
    async () => {
      const { page, go, complaints, refusals } = somebody;
      const before = [complaints.length, refusals.length] as const;

      await go(address());
      await page.getByText(shows).first().waitFor({ state: "attached" });
      await stillness(page);

      const seen = await page.evaluate(() => {
        const root = document.documentElement;
        return {
          takenOver: "takenOver" in globalThis,
          width: root.scrollWidth,
          foreign: document.querySelectorAll(
            "img[src=x], iframe, object, embed, base, math, script:not([src]), [onerror], [onload], [onfocus], [onclick], a[href^='javascript:' i]",
          ).length,
          title: document.title,
          text: document.body.innerText,
          host: location.host,
        };
      });
      assert.equal(seen.takenOver, false);
      assert.equal(seen.foreign, 0);
      assert.equal(seen.host, new URL(world.baseUrl).host);
      assert.match(seen.title, /Edgemere$/);
      assert.ok(seen.width <= WIDTH, `${seen.width} pixels wide`);
      assert.deepEqual([...new Set(Array.from(seen.text.matchAll(ACTS), ([each]) => JSON.stringify(each)))], []);
      assert.deepEqual([complaints.slice(before[0]), refusals.slice(before[1])], [[], []]);
    },
  );

test(
  "T16 there are more than sixty payloads, and each stands in the inventory as it is",
  { skip: noChromium },
  async () => {
    const { page, go } = somebody;
    await go(`/devices/${left.device}/inventory`);
    await page.getByText("␛[2J␛[H").first().waitFor();

    const text = await page.evaluate(() => document.body.innerText);

    assert.ok(payloads.length >= 60);
    const plain = payloads.filter((each) => /^[\x21-\x7e]+$/.test(each));
    assert.deepEqual(
      plain.filter((each) => !text.includes(each)),
      [],
    );
  },
);
