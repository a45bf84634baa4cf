import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { readConfig } from "./config.ts";

function fileWith(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "edgemere-config-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "agent.yaml");
  writeFileSync(path, text);
  return path;
}

test("without a word the defaults hold", () => {
  const { sampleEvery, reportEvery, dataEvery, allow, sources, spool } = readConfig(["--data", "/d"], {});

  assert.deepEqual([sampleEvery, reportEvery, dataEvery], [10 * SECOND, 10 * SECOND, 30 * SECOND]);
  assert.deepEqual([allow, sources, spool.maxBytes], [[], [], 256 * 1024 ** 2]);
});

test("the command line wins over the environment, and that over the file", (t) => {
  const file = fileWith(t, "sample: 1s\nreport: 2m\nsource-every: 1m\n");

  const config = readConfig(["--config", file, "--sample", "3s"], {
    EDGEMERE_AGENT_SAMPLE: "2s",
    EDGEMERE_AGENT_REPORT: "1m",
  });

  assert.deepEqual([config.sampleEvery, config.reportEvery, config.dataEvery], [3 * SECOND, MINUTE, MINUTE]);
});

test("sources have their tags, wherever they are written", (t) => {
  const file = fileWith(t, "source:\n  captures: /srv/captures\ntag:\n  captures:site: berlin\nallow: [exec]\n");

  const config = readConfig(["--config", file], {});

  assert.deepEqual(config.sources, [{ name: "captures", path: "/srv/captures", tags: { site: "berlin" } }]);
  assert.deepEqual(config.allow, ["exec"]);
});

test("data is mounted where a folder for it is named, and nowhere else", () => {
  assert.equal(readConfig([], {}).mountFolder, undefined);
  assert.equal(readConfig(["--mount-folder", "/srv/mounts/"], {}).mountFolder, "/srv/mounts");
});

test("data is taken where that was said of a source, and nowhere else", () => {
  const { sources } = readConfig(["--source", "a=/a", "--source", "b=/b", "--source-takes", "b"], {});

  assert.deepEqual(
    sources.map(({ name, takesData = false }) => [name, takesData]),
    [
      ["a", false],
      ["b", true],
    ],
  );
});

test("the spool's floor and thinning are left to the agent unless somebody says what they are", () => {
  const { spool } = readConfig(["--spool-free", "0KiB", "--spool-thin", "24h:10"], {});

  assert.deepEqual(spool, { maxBytes: 256 * 1024 ** 2, freeBytes: 0, thin: { after: 24 * HOUR, keepEvery: 10 } });
  assert.deepEqual(readConfig([], {}).spool, { maxBytes: 256 * 1024 ** 2 });
});

test("what makes no sense is refused with a word on what would", (t) => {
  const file = fileWith(t, "smaple: 1s\n");
  const refusal = (argv: readonly string[], environment = {}) => {
    try {
      readConfig(argv, environment);
      return "accepted";
    } catch (error) {
      return (error as Error).message;
    }
  };

  assert.match(refusal(["--sampel", "3s"]), /unknown option --sampel. Did you mean --sample\?/);
  assert.match(refusal([], { EDGEMERE_AGENT_SPOL: "1MiB" }), /Did you mean EDGEMERE_AGENT_SPOOL\?/);
  assert.match(refusal(["--config", file]), /unknown key smaple in .*agent.yaml. Did you mean sample\?/);
  assert.match(refusal(["--sample", "3"]), /--sample: "3" is not a duration/);
  assert.match(refusal(["--sample", "1m", "--report", "10s"]), /--report must be at least as long as --sample/);
  assert.match(refusal(["--allow", "ping"]), /--allow: "ping" is none of exec/);
  assert.match(refusal(["--source", "a=tmp"]), /must start with \//);
  assert.match(refusal(["--source", "a=/x", "--source", "a=/y"]), /given twice/);
  assert.match(refusal(["--keepalive", "10m"]), /--keepalive: "10m" is too large: at most 5m/);
  assert.match(refusal(["--spool-thin", "10"]), /--spool-thin: "10" is not an age and a number such as 24h:10/);
  assert.match(refusal(["--spool-thin", "24h:1"]), /--spool-thin: "1" is too small: at least 2/);
  assert.match(refusal(["--tag", "b:k=v"]), /there is no --source b/);
  assert.match(refusal(["--source-takes", "b"]), /--source-takes b: there is no --source b/);
});

test("folders of logs are whole paths or the journal, and never the whole machine", () => {
  const refusal = (root: string) => {
    try {
      return readConfig(["--log-root", root], {}).logRoots;
    } catch (error) {
      return (error as Error).message;
    }
  };

  assert.deepEqual(readConfig([], {}).logRoots, []);
  assert.deepEqual(
    readConfig(["--log-root", "/var/log/", "--log-root", "journal", "--log-root", "/var/log"], {}).logRoots,
    ["/var/log", "journal"],
  );
  assert.match(String(refusal("log")), /"log" must be a folder that starts with \//);
  assert.match(String(refusal("/var/..")), /the whole machine is no folder of logs/);
});
