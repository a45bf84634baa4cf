import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemClock } from "@edgemere/protocol/kit";
import type { PackageRequest } from "../host.ts";
import { changePackages } from "./packages.ts";
import { programRunner } from "./run.ts";

const execute = promisify(execFile);

/** Why no real packages can be changed here; undefined when they can. */
export const withoutApt = (): string | undefined => {
  if (process.geteuid?.() !== 0) return "only root can have dpkg change packages, in a folder too";
  const isThere = ["apt-get", "dpkg-deb"].every((program) => spawnSync(program, ["--version"]).status === 0);
  return isThere ? undefined : "no apt on this machine";
};

interface Built {
  readonly depends?: string;
  /** Runs when the package is configured; DPKG_ROOT is the world's root. */
  readonly postinst?: string;
  /** What it has in /etc/NAME.conf. */
  readonly configuration?: string;
}

/** An own world of real apt and dpkg: a root folder that packages are installed into, and a repository of real packages. */
export class AptWorld implements AsyncDisposable {
  readonly root: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.root = join(folder, "root");
  }

  static async make(): Promise<AptWorld> {
    const world = new AptWorld(await mkdtemp(join(tmpdir(), "edgemere-apt-")));
    const [folder, root] = [world.#folder, world.root];
    const apt = ["var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "etc/apt/preferences.d"];
    for (const each of [
      ...apt,
      "etc/apt/sources.list.d",
      "etc/apt/apt.conf.d",
      "var/lib/dpkg/updates",
      "var/lib/dpkg/info",
    ])
      await mkdir(join(root, each), { recursive: true });
    await mkdir(join(folder, "repository"));
    await writeFile(join(root, "var/lib/dpkg/status"), "");
    await writeFile(join(folder, "repository/Packages"), "");
    await writeFile(join(root, "etc/apt/sources.list"), `deb [trusted=yes] file:${folder}/repository ./\n`);
    const settings = [
      `Dir "${root}";`,
      `Dir::State::status "${root}/var/lib/dpkg/status";`,
      `Dir::Log "${root}";`,
      'Dir::Bin::dpkg "/usr/bin/dpkg";',
      'APT::Sandbox::User "root";',
      'Acquire::Languages "none";',
    ];
    await writeFile(join(folder, "apt.conf"), settings.join("\n"));
    return world;
  }

  get environment(): Readonly<Record<string, string>> {
    return {
      APT_CONFIG: join(this.#folder, "apt.conf"),
      DPKG_ROOT: this.root,
      DPKG_ADMINDIR: join(this.root, "var/lib/dpkg"),
      // There is no shell in the root: scripts run outside of it.
      DPKG_FORCE: "script-chrootless,downgrade",
    };
  }

  /** Builds a package and puts it into the repository, from which the next `refresh` takes it. */
  async publish(name: string, version: string, { depends, postinst, configuration }: Built = {}): Promise<void> {
    const source = join(this.#folder, `${name}-${version}`);
    await mkdir(join(source, "DEBIAN"), { recursive: true });
    const control = [
      `Package: ${name}`,
      `Version: ${version}`,
      "Architecture: all",
      "Maintainer: Edgemere <nobody@example.org>",
      "Description: a package of a test",
      ...(depends === undefined ? [] : [`Depends: ${depends}`]),
    ].join("\n");
    await writeFile(join(source, "DEBIAN/control"), `${control}\n`);
    if (configuration !== undefined) {
      await mkdir(join(source, "etc"));
      await writeFile(join(source, `etc/${name}.conf`), configuration);
      await writeFile(join(source, "DEBIAN/conffiles"), `/etc/${name}.conf\n`);
    }
    if (postinst !== undefined) {
      await writeFile(join(source, "DEBIAN/postinst"), `#!/bin/sh\n${postinst}\n`);
      await chmod(join(source, "DEBIAN/postinst"), 0o755);
    }
    await chmod(join(source, "DEBIAN"), 0o755);
    const file = `${name}_${version}_all.deb`;
    const path = join(this.#folder, "repository", file);
    await execute("dpkg-deb", ["--build", "--root-owner-group", source, path]);
    const hash = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
    const entry = `${control}\nFilename: ./${file}\nSize: ${(await stat(path)).size}\nSHA256: ${hash}\n\n`;
    await appendFile(join(this.#folder, "repository/Packages"), entry);
  }

  /** Has packages changed, by default with fresh lists and without waiting for others; gives what came of it and what was written. */
  async change(change: PackageRequest["change"], packages: readonly string[], more: Partial<PackageRequest> = {}) {
    let output = "";
    const outcome = await changePackages(
      {
        change,
        packages,
        refresh: true,
        purge: false,
        configuration: "keep",
        mayRemove: false,
        lockWait: 0,
        signal: new AbortController().signal,
        ...more,
        onOutput: (channel, bytes) => {
          output += Buffer.from(bytes).toString();
          void more.onOutput?.(channel, bytes);
        },
      },
      { run: programRunner(systemClock), clock: systemClock, environment: this.environment },
    );
    const changes = outcome.changes.map(({ name, before, after }) => `${name} ${before || "-"} → ${after || "-"}`);
    return {
      ...outcome,
      changes,
      output,
      failed: outcome.failure && `${outcome.failure.reason}: ${outcome.failure.message}`,
    };
  }

  /** The host trusts its repository no more. */
  async distrust(): Promise<void> {
    await writeFile(join(this.root, "etc/apt/sources.list"), `deb file:${this.#folder}/repository ./\n`);
  }

  async hold(name: string): Promise<void> {
    await execute("apt-mark", ["hold", name], { env: { ...process.env, ...this.environment } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
