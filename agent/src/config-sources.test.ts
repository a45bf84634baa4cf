import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { readConfig } from "./config.ts";

const telemetryOf = (...argv: readonly string[]) => readConfig(argv, {}).telemetry;
const refusal = (...argv: readonly string[]) => {
  try {
    readConfig(argv, {});
    return "accepted";
  } catch (error) {
    return (error as Error).message;
  }
};

test("a script is words between blanks, or a list where a word has a blank in it, and runs every minute", () => {
  const plain = telemetryOf("--script", "ups=/usr/bin/ups  --once x=1");
  const listed = telemetryOf("--script", 'ups=["/usr/bin/ups","a word"]', "--every", "ups=1h", "--script-time", "2s");

  const argv = ["/usr/bin/ups", "--once", "x=1"];
  assert.deepEqual(plain?.scripts, [{ name: "ups", every: MINUTE, argv, within: 10 * SECOND }]);
  assert.deepEqual(listed?.scripts, [
    { name: "ups", every: HOUR, argv: ["/usr/bin/ups", "a word"], within: 2 * SECOND },
  ]);
  assert.equal(telemetryOf("--script", "ups=/usr/bin/ups", "--every", "ups=off")?.scripts, undefined);
});

test("an endpoint is taken whole unless its metrics are named", () => {
  const node = ["--scrape", "node=http://127.0.0.1:9100/metrics?a=b"];

  const url = "http://127.0.0.1:9100/metrics?a=b";
  assert.deepEqual(telemetryOf(...node)?.scrapes, [{ name: "node", every: MINUTE, url, allow: ["*"] }]);
  const allowed = telemetryOf(...node, "--scrape-allow", "node=node_load* up", "--scrape-allow", "node=x")?.scrapes;
  assert.deepEqual(allowed?.[0]?.allow, ["node_load*", "up", "x"]);
});

test("only the file that names scripts has to be trusted", () => {
  assert.equal(readConfig(["--script", "ups=/usr/bin/ups"], {}).scriptsFrom, undefined);
});

test("what makes no sense is refused with a word on what would", () => {
  const table: readonly (readonly [argv: readonly string[], message: RegExp])[] = [
    [["--script", "ups=ups --once"], /--script ups: the program must be a whole path, such as \/usr\/bin\/ups/],
    [["--script", "ups=[1]"], /is no list of words such as/],
    [["--script", "ups=[oops"], /is no list of words such as/],
    [["--script", "ups=[]"], /must be a whole path/],
    [["--script", "cpu=/x"], /--script cpu: that is what a source or a metric of the agent is called/],
    [["--script", "disk=/x"], /a metric of the agent/],
    [["--script", "Ups=/x"], /--script Ups: a name is a small letter/],
    [["--script", "a.b=/x"], /a name is a small letter/],
    [["--script", "ups=/x", "--scrape", "ups=http://h/"], /--scrape ups: there is another/],
    [["--scrape", "node=127.0.0.1:9100"], /--scrape node: "127.0.0.1:9100" is no address such as http/],
    [["--scrape", "node=ftp://127.0.0.1/"], /is no address such as/],
    [["--scrape", "node=http://u:p@127.0.0.1/"], /no user and no password/],
    [["--scrape-allow", "node=x"], /--scrape-allow node: there is no --scrape node/],
    [["--scrape", "n=http://h/", "--scrape-allow", "n=a*b"], /"a\*b" is no metric, nor the beginning of one/],
    [["--every", "ups=1m"], /--every ups: there is no such source/],
    [Array.from({ length: 17 }, (_, i) => ["--script", `s${i}=/x`]).flat(), /more than 16 scripts and endpoints/],
    [["--script-time", "1h"], /--script-time: "1h" is too large: at most 5m/],
  ];

  for (const [argv, message] of table) assert.match(refusal(...argv), message);
});
