// Packs the agent with all that it needs as a release, which devices take by the command agent.upgrade.
// `npm run release -- FILE.tar.gz`, then `edgemere-control-plane sign-release FILE.tar.gz …`
import { existsSync, lstatSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "./build.mjs";
import { closureOf, packagesIn } from "./lockfile.mjs";
import { filesBelow, isMain, main, root, StepFailed } from "./steps.mjs";

const AGENT = "agent";
const MODULES = "node_modules/";
/** Ours are packed by what runs of them, those of others whole. */
const RUNS = /^(bin\/|dist\/|generated\/|package\.json$)/;
const NEVER = /(\.test\.|\.test-support\.|\.map$|\.d\.ts$|\.d\.mts$|\.d\.cts$|\.tsbuildinfo$)/;

/** Where the package at a place of the lockfile lies in a release. */
function folderOf(packages, place) {
  if (place === AGENT) return "";
  const inner = place.startsWith(`${AGENT}/`) ? place.slice(AGENT.length + 1) : place;
  if (inner.startsWith(MODULES)) return inner;
  const [workspace, ...rest] = inner.split(`/${MODULES}`);
  return [`${MODULES}${packages[workspace].name}`, ...rest].join(`/${MODULES}`);
}

function filesAt(place) {
  const isOurs = !place.includes(MODULES);
  return filesBelow(place, (path) => {
    const name = relative(place, path);
    return !NEVER.test(name) && !name.startsWith(MODULES) && (!isOurs || RUNS.test(name));
  });
}

/** Every file of a release: its path there, its bytes, and whether it is a program. */
export function releaseFiles() {
  const packages = packagesIn(root);
  const places = closureOf(packages, [AGENT]).filter((place) => existsSync(join(root, place)));
  const files = places.flatMap((place) =>
    filesAt(place).map((path) => ({
      path: join(folderOf(packages, place), relative(place, path)),
      content: readFileSync(join(root, path)),
      isProgram: (lstatSync(join(root, path)).mode & 0o100) !== 0,
    })),
  );
  const twice = files.find(({ path }, at) => files.findIndex((each) => each.path === path) !== at);
  if (twice) throw new StepFailed(`two packages would lie at ${twice.path}`);
  return files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

/** A gzipped tar of the form ustar (POSIX.1-2017, pax): the same files give the same bytes. */
export function archiveOf(files, level = 9) {
  const parts = files.flatMap(({ path, content, isProgram }) => [
    headerOf(path, content.length, isProgram ? 0o755 : 0o644),
    content,
    Buffer.alloc((512 - (content.length % 512)) % 512),
  ]);
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]), { level });
}

function headerOf(path, bytes, mode) {
  const [prefix, name] = split(path);
  const header = Buffer.alloc(512);
  const octal = (value, at, length) => header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at);
  header.write(name, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(bytes, 124, 12);
  octal(0, 136, 12);
  header.write(" ".repeat(8), 148);
  header.write("0", 156);
  header.write("ustar\x0000", 257);
  header.write(prefix, 345);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return header;
}

function split(path) {
  if (path.length <= 100) return ["", path];
  const at = path.indexOf("/", path.length - 101);
  if (at === -1 || at > 155) throw new StepFailed(`${path} is too long for a release`);
  return [path.slice(0, at), path.slice(at + 1)];
}

if (isMain(import.meta))
  await main(async () => {
    const [file] = process.argv.slice(2);
    if (file === undefined) throw new StepFailed("name the file: npm run release -- FILE.tar.gz");
    await build({ everything: false });
    const files = releaseFiles();
    const archive = archiveOf(files);
    writeFileSync(file, archive);
    console.log(`${file}: ${files.length} files, ${archive.length} bytes`);
  });
