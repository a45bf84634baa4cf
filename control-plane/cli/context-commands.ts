import { contextsFile, readContexts, writeContexts, type Contexts } from "./contexts.ts";
import type { Entry, Given } from "./entry.ts";
import { UsageError } from "./failure.ts";
import type { Session } from "./session.ts";

const NAMED = ["<name>", "name of the context, as edgemere context list shows it"] as const;

export const listContexts: Entry = {
  words: ["context", "list"],
  isWhole: true,
  summary: "List the control planes you have signed in to",
  declare: () => undefined,
  run: async (_, { terminal, output }) => {
    const { current, contexts } = await readContexts(contextsFile(terminal));
    const items = Object.entries(contexts).map(([name, { server, user = "", token }]) => ({
      name,
      current: name === current,
      server,
      user,
      signedIn: token !== undefined,
    }));
    output.show("context/list", { items });
    return 0;
  },
};

export const useContext: Entry = {
  words: ["context", "use"],
  isWhole: true,
  summary: "Use another control plane from now on",
  declare: (command) => void command.argument(...NAMED),
  run: (given, session) => change(given, session, (contexts, name) => ({ ...contexts, current: name })),
};

export const removeContext: Entry = {
  words: ["context", "remove"],
  isWhole: true,
  summary: "Forget a control plane and the session there; edgemere signout also ends that session",
  declare: (command) => void command.argument(...NAMED),
  run: (given, session) =>
    change(given, session, ({ current, contexts }, name) => ({
      current: current === name ? undefined : current,
      contexts: Object.fromEntries(Object.entries(contexts).filter(([each]) => each !== name)),
    })),
};

async function change(
  { positionals: [name = ""] }: Given,
  { terminal, say }: Session,
  edit: (contexts: Contexts, name: string) => Contexts,
): Promise<number> {
  const file = contextsFile(terminal);
  const contexts = await readContexts(file);
  if (!Object.hasOwn(contexts.contexts, name))
    throw new UsageError(`there is no context "${name}"; edgemere context list shows them`);
  const edited = edit(contexts, name);
  await writeContexts(file, edited);
  say(edited.current === undefined ? "no context is in use now" : `in use: ${edited.current}`);
  return 0;
}
