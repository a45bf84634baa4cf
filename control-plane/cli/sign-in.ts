import { createClient, ProblemError, type Client, type Output } from "../src/faces/client.ts";
import { contextsFile, isOpenRoad, readContexts, writeContexts, type Context } from "./contexts.ts";
import type { Entry } from "./entry.ts";
import { UsageError } from "./failure.ts";
import { patientFetch, type Session } from "./session.ts";
import { signInElsewhere } from "./single-sign-on.ts";

const SAVE_AS = ["--save-as <name>", "name of the context to keep it in (default: the server's host)"] as const;

/** `edgemere signin`: name and password, or a sign-in at the identity provider, for a session that is kept for the next commands. */
export const signIn: Entry = {
  words: ["ia", "signin"],
  isEveryday: true,
  summary: "Sign in to a control plane, and use it from now on",
  declare: (command) =>
    void command
      .option("--name <name>", "who you are; asked for when absent")
      .option("--password-file <file>", "the password, from a file or - for standard input; asked for when absent")
      .option("--sso", "sign in at the identity provider of your organisation, in a browser on this machine")
      .option("--fresh", "with --sso: it asks anew who you are, as what is dangerous needs")
      .option(...SAVE_AS)
      .addHelpText("after", "\nExample:\n  edgemere signin --server https://control.example:3000 --name alice"),
  run: async ({ options }, session) => {
    const client = strangerTo(session);
    const fresh = options["fresh"] === true;
    if (options["sso"] === true) {
      if (options["name"] !== undefined || options["passwordFile"] !== undefined)
        throw new UsageError("--sso takes no name and no password: the identity provider asks for them");
      return keep(await signInElsewhere(client, { ...session, fresh }), options["saveAs"], session);
    }
    if (fresh) throw new UsageError("--fresh goes with --sso: a password is always asked for");
    const name = (options["name"] as string | undefined) ?? (await session.prompter.line("Name: "));
    const password = await secretFrom(options["passwordFile"], "Password: ", session);
    const opened = await client.call("ia/signin", { name: name.trim(), password });
    return keep(opened, options["saveAs"], session);
  },
};

/** `edgemere setup`: the first account, and signed in as it. */
export const setUp: Entry = {
  words: ["ia", "setup"],
  isEveryday: true,
  summary: "Make the first account of a new control plane, with the setup code that it printed",
  declare: (command) =>
    void command
      .option("--name <name>", "name of the account; asked for when absent")
      .option("--code-file <file>", "the setup code, from a file or - for standard input; asked for when absent")
      .option("--password-file <file>", "the password, from a file or - for standard input; asked for when absent")
      .option(...SAVE_AS)
      .addHelpText("after", "\nExample:\n  edgemere setup --server http://127.0.0.1:3000 --name alice"),
  run: async ({ options }, session) => {
    const client = strangerTo(session);
    const code = await secretFrom(options["codeFile"], "Setup code: ", session);
    const name = (options["name"] as string | undefined) ?? (await session.prompter.line("Name of the account: "));
    const password = await secretFrom(options["passwordFile"], "Password, at least 12 characters: ", session);
    const opened = await client.call("ia/setup", { code: code.trim(), name: name.trim(), password });
    return keep(opened, options["saveAs"], session);
  },
};

/** `edgemere signout`: ends the session there and forgets it here. */
export const signOut: Entry = {
  words: ["ia", "signout"],
  isEveryday: true,
  summary: "End the session, here and on the control plane",
  declare: () => undefined,
  run: async (_, { target, client, terminal, say }) => {
    await client.call("ia/signout").catch((error: unknown) => {
      if (!(error instanceof ProblemError && error.kind === "not-signed-in")) throw error;
    });
    const file = contextsFile(terminal);
    const { current, contexts } = await readContexts(file);
    const kept = Object.entries(contexts).map(([name, { token, ...context }]): [string, Context] => [
      name,
      { ...context, ...(token !== undefined && context.server !== target.server && { token }) },
    ]);
    await writeContexts(file, { current, contexts: Object.fromEntries(kept) });
    say(`signed out of ${target.server}`);
    return 0;
  },
};

// An old token must not speak here, and an answer with a credential in it must not be kept for repetition: no token, no key.
function strangerTo({ target, signal, say }: Session): Client {
  if (isOpenRoad(target.server)) say(`warning: ${target.server} is not encrypted; the password can be read on the way`);
  return createClient({ baseUrl: target.server, fetch: patientFetch({ signal }) });
}

async function secretFrom(file: unknown, question: string, { prompter }: Session): Promise<string> {
  return typeof file === "string" ? (await prompter.readText(file)).replace(/\r?\n$/, "") : prompter.secret(question);
}

async function keep(
  { token, user, roles }: Output<"ia/signin">,
  saveAs: unknown,
  { target, terminal, say }: Session,
): Promise<number> {
  const file = contextsFile(terminal);
  const { contexts } = await readContexts(file);
  const name = typeof saveAs === "string" ? saveAs : (target.context ?? new URL(target.server).host);
  await writeContexts(file, {
    current: name,
    contexts: { ...contexts, [name]: { server: target.server, user, ...(token !== undefined && { token }) } },
  });
  say(`signed in to ${target.server} as ${user} (${roles.join(", ")})`);
  return 0;
}
