import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

export const repository = join(import.meta.dirname, "../..");
export const plantedFile = (path: string): string => readFileSync(join(repository, "test/planted", path), "utf8");

const CONFIGURATION = [
  ".oxlintrc.json",
  ".oxfmtrc.json",
  "knip.json",
  "package.json",
  "tsconfig.json",
  "protocol/buf.yaml",
  ...["protocol", "agent", "control-plane", "simulators", "test"].flatMap((workspace) => [
    `${workspace}/package.json`,
    `${workspace}/tsconfig.json`,
  ]),
];

/** A copy of this repository that holds its configuration, its packages and the given files, and nothing else. */
export function plant(files: Readonly<Record<string, string>>): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "edgemere-planted-"));
  for (const file of CONFIGURATION) cpSync(join(repository, file), join(path, file));
  symlinkSync(join(repository, "node_modules"), join(path, "node_modules"));
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), content);
  }
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** What a checker says of a tree that holds these files. */
export async function toldOf(
  files: Readonly<Record<string, string>>,
  tool: string,
  ...args: readonly string[]
): Promise<string> {
  using tree = plant(files);
  return await told(tree.path, tool, ...args);
}

/** What a checker wrote; it is expected to refuse, so its exit code says nothing. */
export async function told(tree: string, tool: string, ...args: readonly string[]): Promise<string> {
  // A `node --test` that finds this variable reports to the test process it was started from.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const command = tool === "node" ? process.execPath : join(repository, "node_modules/.bin", tool);
  const options = { cwd: tree, env, maxBuffer: 2 ** 26 };
  const { stdout } = await promisify(execFile)(command, args, options).catch(refusal);
  return stdout;
}

function refusal(error: unknown): { stdout: string } {
  if (error instanceof Error && "stdout" in error && typeof error.stdout === "string") return { stdout: error.stdout };
  throw error;
}

export interface Finding {
  readonly rule: string;
  readonly reason: string;
}

interface Diagnostic {
  readonly code: string;
  readonly message: string;
  readonly help?: string;
  readonly filename: string;
}

/** Everything oxlint finds in the given files, by path. */
export async function lint(files: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, readonly Finding[]>> {
  const report = JSON.parse(await toldOf(files, "oxlint", "--format", "json")) as { diagnostics: Diagnostic[] };
  const findings = new Map<string, Finding[]>(Object.keys(files).map((path) => [path, []]));
  for (const { code, message, help = "", filename } of report.diagnostics) {
    findings.set(filename, [...(findings.get(filename) ?? []), { rule: code, reason: `${message} ${help}` }]);
  }
  return findings;
}
