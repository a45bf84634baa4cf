import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Program, type Launch } from "./program.ts";
import type { World } from "./world.ts";

const repository = join(import.meta.dirname, "../../..");

/** A file of a release, as deploy/release.mjs packs it. */
interface ReleaseFile {
  readonly path: string;
  readonly content: Buffer;
  readonly isProgram: boolean;
}

interface Packer {
  readonly releaseFiles: () => readonly ReleaseFile[];
  readonly archiveOf: (files: readonly ReleaseFile[], level?: number) => Buffer;
}

/** What is done to the text of one file of a release, so that it is good for nothing in its own way. */
export interface Damage {
  readonly path: string;
  readonly spoil: (text: string) => string;
}

export interface Release {
  readonly archive: string;
  /** What `sign-release` printed. */
  readonly signed: string;
}

type Operator = Pick<World, "folder" | "controlPlane">;

/** The agent as it is built here, packed and signed as an operator would, under another version and damaged as asked for. */
export async function aRelease(
  { folder, controlPlane }: Operator,
  version: string,
  { damage }: { damage?: Damage } = {},
): Promise<Release> {
  const { releaseFiles, archiveOf } = (await import(join(repository, "deploy/release.mjs"))) as Packer;
  const changed = (file: ReleaseFile, { path, spoil }: Damage): ReleaseFile => {
    if (file.path !== path) return file;
    const text = file.content.toString();
    assert.notEqual(spoil(text), text, `${path} is changed`);
    return { ...file, content: Buffer.from(spoil(text)) };
  };
  const named: Damage = {
    path: "dist/version.js",
    spoil: (text) => text.replace(/AGENT_VERSION = ".*"/, `AGENT_VERSION = "${version}"`),
  };
  const files = releaseFiles().map((file) => [named, ...(damage ? [damage] : [])].reduce(changed, file));
  const archive = join(folder, `agent-${version}.tar.gz`);
  await writeFile(archive, archiveOf(files, 1));
  return { archive, signed: await signedBy({ folder, controlPlane }, archive, version) };
}

/** What an operator gets who signs an archive with the key of a role. */
export async function signedBy(
  { controlPlane }: Operator,
  archive: string,
  version: string,
  { role = "releases", flags = [] }: { role?: string; flags?: readonly string[] } = {},
): Promise<string> {
  const key = join(controlPlane.dataFolder, "authority", `${role}.pem`);
  const signing = new Program({
    script: "control-plane/bin/edgemere-control-plane.js",
    args: ["sign-release", archive, "--key", key, "--release", version, ...flags],
  });
  assert.equal(await signing.ended(), 0, signing.output);
  return signing.stdout.trim();
}

/** An agent that its launcher starts, in a process group of its own, so that all of it can be killed at once. */
export const launched = (releases: string, { environment = {} }: Pick<Launch, "environment"> = {}): Launch => ({
  under: [
    "setsid",
    "sh",
    "-c",
    `EDGEMERE_NODE=$1; export EDGEMERE_NODE; shift 2; exec ${launcher} ${releases} "$@"`,
    "sh",
  ],
  environment,
  leadsGroup: true,
});

const launcher = join(repository, "agent/bin/edgemere-agent-launcher");
