import assert from "node:assert/strict";
import test from "node:test";
import { networkFacts } from "./network-facts.ts";
import { installedPackages, operatingSystemFacts } from "./operating-system.ts";
import { initScriptStatus, systemdStatus } from "./service-texts.ts";

test("the operating system is read from os-release, with and without quotes", () => {
  const text =
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n# note\nHOME_URL="x"';

  assert.deepEqual(operatingSystemFacts(text), [
    { name: "os.name", value: "Debian" },
    { name: "os.id", value: "debian" },
    { name: "os.version", value: "12" },
    { name: "os.description", value: "Debian GNU/Linux 12 (bookworm)" },
  ]);
});

test("packages that were removed but left their settings are not counted", () => {
  const text =
    "Package: a\nStatus: install ok installed\n\nPackage: b\nStatus: deinstall ok config-files\n\nPackage: c\nStatus: hold ok installed\n";

  assert.equal(installedPackages(text), 2);
});

test("the addresses of an interface are told in a steady order", () => {
  const address = (cidr: string) => ({
    address: "",
    netmask: "",
    family: "IPv4" as const,
    mac: "02:00:00:00:00:01",
    internal: false,
    cidr,
  });

  assert.deepEqual(
    networkFacts({ eth0: [address("10.0.0.9/24"), address("10.0.0.2/24")], lo: [address("127.0.0.1/8")] }),
    [
      { name: "network.eth0.mac_address", value: "02:00:00:00:00:01" },
      { name: "network.eth0.addresses", value: "10.0.0.2/24 10.0.0.9/24" },
    ],
  );
});

test("systemd's words for a unit become a status", () => {
  const text = "MainPID=412\nLoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\n";

  assert.deepEqual(systemdStatus("ssh", text), {
    name: "ssh",
    manager: "systemd",
    state: "running",
    detail: "active (running)",
    enabled: true,
    mainPid: 412,
  });
});

test("a unit that systemd does not know has no status", () => {
  assert.equal(
    systemdStatus("nope", "LoadState=not-found\nActiveState=inactive\nSubState=dead\nMainPID=0\n"),
    undefined,
  );
});

test("a failed unit without a process has neither pid nor a guess whether it is enabled", () => {
  const text = "MainPID=0\nLoadState=loaded\nActiveState=failed\nSubState=failed\nUnitFileState=static\n";

  assert.deepEqual(systemdStatus("x", text), {
    name: "x",
    manager: "systemd",
    state: "failed",
    detail: "failed (failed)",
  });
});

test("an init script's exit code tells the state, its first line the detail", () => {
  assert.deepEqual(initScriptStatus("cron", "\ncron is running.\nmore", 0), {
    name: "cron",
    manager: "sysvinit",
    state: "running",
    detail: "cron is running.",
  });
  assert.deepEqual(
    [1, 2, 3, 4, undefined].map((code) => initScriptStatus("cron", "", code).state),
    ["failed", "failed", "stopped", "unknown", "unknown"],
  );
});
