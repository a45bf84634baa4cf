import type { Browser, Locator, Page } from "playwright-core";
import { owner } from "../world/world.ts";

interface Options {
  /** Of the control plane. */
  readonly baseUrl: string;
  readonly colorScheme?: "light" | "dark";
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
}

/** Somebody who uses the portal, and what their browser has to say about it. */
export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** What went wrong: errors and warnings of the console, faults of scripts, requests without an answer. */
  readonly complaints: readonly string[];
  /** What the control plane refused: `400 /edgemere/cpl/dm/device/list`. */
  readonly refusals: readonly string[];
  /** Opens a page of the portal by its address. */
  readonly go: (address: string) => Promise<void>;
}

/** The browser's own line about an answer that is a refusal: those are kept apart. */
const REFUSED = /^Failed to load resource: the server responded with a status of 4/;

export async function visit(browser: Browser, options: Options): Promise<Visit> {
  const { baseUrl, colorScheme = "light", width = 1280, height = 900 } = options;
  const context = await browser.newContext({
    baseURL: baseUrl,
    colorScheme,
    viewport: { width, height },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const refusals: string[] = [];
  page.on("console", (message) => {
    const isTrouble = message.type() === "error" || message.type() === "warning";
    if (isTrouble && !REFUSED.test(message.text())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`fault: ${error.message}`));
  page.on("response", (response) => {
    if (response.status() >= 400) refusals.push(`${response.status()} ${new URL(response.url()).pathname}`);
  });
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "";
    // What a page asked for while it was left is of no use any more.
    if (reason !== "net::ERR_ABORTED") complaints.push(`no answer: ${request.url()} ${reason}`);
  });
  return {
    page,
    complaints,
    refusals,
    go: async (address) => void (await page.goto(`/admin${address}`)),
    [Symbol.asyncDispose]: () => context.close(),
  };
}

/** As the owner of the world or somebody else, at whatever page asks for it. */
export async function signIn(page: Page, { name, password } = owner): Promise<void> {
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("button", { name: "Account" }).waitFor();
}

/** Until what moves into place has done so. */
export async function stillness(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await document.fonts.ready;
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
  });
}

/** Whether a picture has lines in it: with their soft edges they bring more colours than paper and ink. */
export const isDrawn = (canvas: Locator): Promise<boolean> =>
  canvas.evaluate((element) => {
    if (!(element instanceof HTMLCanvasElement)) return false;
    const pixels = element.getContext("2d")?.getImageData(0, 0, element.width, element.height).data ?? [];
    return new Set(new Uint32Array(Uint8ClampedArray.from(pixels).buffer)).size > 50;
  });
