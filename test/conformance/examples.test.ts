import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { readConfig as readAgentConfig } from "@edgemere/agent";
import { readConfig as readControlPlaneConfig } from "@edgemere/control-plane";
import { repository, textOf } from "./tree.ts";

const programs = [
  {
    example: "deploy/config/control-plane.example.yaml",
    program: "control-plane/bin/edgemere-control-plane.js",
    data: "/var/lib/edgemere",
    read: readControlPlaneConfig,
  },
  {
    example: "deploy/config/agent.example.yaml",
    program: "agent/bin/edgemere-agent.js",
    data: "/var/lib/edgemere-agent",
    read: readAgentConfig,
  },
];

for (const { example, program, data, read } of programs) {
  test(`${example} says the defaults`, () => {
    const config = read(["--config", join(repository, example)], {});

    // Where it stands itself is no default.
    const said = Object.entries(config).filter(([name]) => name !== "settingsFile");
    assert.deepEqual(Object.fromEntries(said), read(["--data", data], {}));
  });

  test(`${example} names every option`, () => {
    const help = execFileSync(process.execPath, [join(repository, program), "--help"], { encoding: "utf8" });

    const options = [...help.matchAll(/^ {2}--([a-z-]+) [A-Z]/gm)].map(([, name = ""]) => name);
    const named = [...textOf(example).matchAll(/^#?([a-z-]+):/gm)].map(([, name = ""]) => name);
    assert.deepEqual(named.toSorted(), options.filter((name) => name !== "config").toSorted());
  });
}
