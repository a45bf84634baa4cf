import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { UsageError } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

/** A control plane and who one is there. */
export interface Context {
  readonly server: string;
  readonly user?: string;
  readonly token?: string;
}
export interface Contexts {
  readonly current?: string | undefined;
  readonly contexts: Readonly<Record<string, Context>>;
}

/** Where a command goes, and with which credential. */
export interface Target {
  readonly server: string;
  readonly token?: string | undefined;
  /** The context it was taken from. */
  readonly context?: string | undefined;
}

export const DEFAULT_SERVER = "http://127.0.0.1:3000";

export const contextsFile = ({ environment }: Pick<Terminal, "environment">): string =>
  join(
    environment["XDG_CONFIG_HOME"] || join(environment["HOME"] || homedir(), ".config"),
    "edgemere",
    "contexts.yaml",
  );

export async function readContexts(file: string): Promise<Contexts> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { contexts: {} };
    throw new UsageError(`cannot read the contexts in ${file}: ${(error as Error).message}`, { cause: error });
  }
  const content = parsed(text) as Partial<Contexts> | null | undefined;
  const contexts = Object.entries(content?.contexts ?? {});
  if (content === undefined || contexts.some(([, context]) => typeof context?.server !== "string"))
    throw new UsageError(`${file} does not hold contexts as "edgemere signin" writes them; repair or remove it`);
  return { current: content?.current, contexts: Object.fromEntries(contexts) };
}

/** In one step, and readable by its owner only: it holds credentials. */
export async function writeContexts(file: string, contexts: Contexts): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, stringify(contexts), { mode: 0o600 });
  await rename(draft, file);
}

/** Flags over environment over the current context. A token goes only to the server it was given for. */
export function targetOf(
  flags: { readonly server?: string | undefined; readonly context?: string | undefined },
  environment: Terminal["environment"],
  { current, contexts }: Contexts,
  tokenFromFile?: string,
): Target {
  const name = flags.context ?? (flags.server === undefined && !environment["EDGEMERE_SERVER"] ? current : undefined);
  const chosen = name !== undefined && Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (flags.context !== undefined && chosen === undefined)
    throw new UsageError(`there is no context "${flags.context}"; edgemere context list shows them`);
  const server = serverUrl(flags.server ?? (chosen?.server || environment["EDGEMERE_SERVER"] || DEFAULT_SERVER));
  const names = [name, current, ...Object.keys(contexts)];
  const context = names.find((each) => each !== undefined && contexts[each]?.server === server);
  const remembered = context === undefined ? undefined : contexts[context]?.token;
  return { server, context, token: environment["EDGEMERE_TOKEN"] || tokenFromFile || remembered };
}

/** The one way a server is written: scheme, host and port; refuses what cannot be one. */
export function serverUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    throw new UsageError(`"${text}" is no address of a control plane; write it like ${DEFAULT_SERVER}`, {
      cause: error,
    });
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new UsageError(`a control plane is reached by http:// or https://, not ${url.protocol}//`);
  if (url.username || url.password)
    throw new UsageError("an address holds no name or password; sign in with: edgemere signin");
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

/** True where what is sent can be read on the way. */
export const isOpenRoad = (server: string): boolean =>
  server.startsWith("http://") && !/^http:\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:|\/|$)/.test(server);

function parsed(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    return undefined;
  }
}
