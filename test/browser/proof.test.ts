import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { MINUTE } from "@edgemere/protocol/kit";
import type { Page } from "playwright-core";
import { startServed } from "../conformance/served.ts";
import { steppingClock } from "../security/stepping-clock.ts";
import { startIdentityProvider } from "../world/identity-provider.ts";
import { owner } from "../world/world.ts";
import { noChromium, openBrowser } from "./chromium.ts";
import { signIn, visit } from "./visit.ts";

const portalFolder = join(import.meta.dirname, "../../../control-plane/dist/pages");
const LONG = 16 * MINUTE;

/** Asks for an API token, which is dangerous. */
async function makeToken(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Make an API token" }).click();
  const form = page.getByRole("dialog", { name: "Make an API token" });
  await form.getByRole("textbox", { name: "Name" }).fill("dashboard");
  await form.getByRole("button", { name: "Make" }).click();
}

test(
  "what is dangerous asks for the password once more after a while, and goes on with the right one",
  { skip: noChromium },
  async () => {
    const clock = steppingClock();
    await using served = await startServed(clock, { portalFolder });
    await using browser = await openBrowser();
    await using somebody = await visit(browser, { baseUrl: served.app.address });
    const { page, go } = somebody;
    await go("/access/tokens");
    await signIn(page);
    clock.step(LONG);

    await makeToken(page);
    const dialog = page.getByRole("dialog", { name: "Is it you?" });
    await dialog.getByRole("textbox", { name: "Password" }).fill("not this one at all");
    await dialog.getByRole("button", { name: "Go on" }).click();
    await dialog.getByRole("alert").getByText("not the password").waitFor();
    await dialog.getByRole("textbox", { name: "Password" }).fill(owner.password);
    await dialog.getByRole("button", { name: "Go on" }).click();

    await page.getByText("It is shown only now").waitFor();
    assert.deepEqual(somebody.complaints, []);
  },
);

test(
  "an account without a password proves itself at the identity provider, and comes back to the page that it left",
  { skip: noChromium },
  async () => {
    await using provider = await startIdentityProvider(
      { id: "edgemere", redirect: "http://127.0.0.1/admin/sso" },
      { Ada: ["ops"] },
    );
    // Behind, so that after a step it is as late as it is for the provider, who tells when somebody signed in.
    const clock = steppingClock();
    clock.step(-LONG);
    const flags = ["--oidc-issuer", provider.issuer, "--oidc-role", "ops=owner"];
    await using served = await startServed(clock, { portalFolder, flags });
    await using browser = await openBrowser();
    // What the provider's own pages complain of is not ours.
    await using somebody = await visit(browser, { baseUrl: served.app.address });
    const { page, go } = somebody;
    const atTheProvider = async (...buttons: readonly string[]) => {
      await page.getByPlaceholder("Enter any login").fill("Ada");
      await page.getByPlaceholder("and password").fill("any");
      for (const name of buttons) await page.getByRole("button", { name }).click();
    };
    await go("/access/tokens");
    await page.getByRole("button", { name: "Sign in with your organisation" }).click();
    await atTheProvider("Sign-in", "Continue");
    await page.getByRole("button", { name: "Account ada" }).waitFor();
    assert.equal(new URL(page.url()).pathname, "/admin/access/tokens");
    clock.step(LONG);

    await makeToken(page);
    const dialog = page.getByRole("dialog", { name: "Is it you?" });
    await dialog.getByRole("button", { name: "Sign in again" }).click();
    await atTheProvider("Sign-in", "Continue");
    await page.getByRole("button", { name: "Account ada" }).waitFor();
    assert.equal(new URL(page.url()).pathname, "/admin/access/tokens");
    await makeToken(page);

    await page.getByText("It is shown only now").waitFor();
  },
);

test(
  "somebody sees where else they are signed in, ends that, and changes the password",
  { skip: noChromium },
  async () => {
    await using served = await startServed(undefined, { portalFolder });
    await using browser = await openBrowser();
    const options = { baseUrl: served.app.address };
    await using here = await visit(browser, options);
    await using elsewhere = await visit(browser, options);
    await here.go("/");
    await signIn(here.page);
    await here.page.getByRole("button", { name: "Account" }).click();
    await here.page.getByRole("menuitem", { name: "Sessions and password" }).click();
    const sessions = here.page.getByRole("region", { name: "Where you are signed in" });
    // The one of the page, and the one that set the control plane up.
    await sessions.getByText("2 sessions").waitFor();
    await elsewhere.go("/about");
    await signIn(elsewhere.page);
    await sessions.getByText("3 sessions").waitFor();

    await sessions
      .getByRole("button", { name: /^End session/ })
      .first()
      .click();
    await sessions.getByText("2 sessions").waitFor();
    await elsewhere.page.getByText("Your session has ended").waitFor();
    const password = "another long password";
    const fields: readonly (readonly [string, string])[] = [
      ["Present password", owner.password],
      ["New password", password],
      ["New password again", password],
    ];
    for (const [name, value] of fields) await here.page.getByRole("textbox", { name, exact: true }).fill(value);
    await here.page.getByRole("button", { name: "Change the password" }).click();
    await sessions.getByText("1 session", { exact: true }).waitFor();
    await signIn(elsewhere.page, { ...owner, password });

    assert.deepEqual([...here.complaints, ...elsewhere.complaints], []);
    assert.deepEqual(here.refusals, []);
  },
);
