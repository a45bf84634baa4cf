// Runs before a control plane: at SIGUSR2 its store cannot be read any more, and at the next one again it can. Reads fail, or get no answer until then.
import { writeSync } from "node:fs";
import { RememberedValues } from "@edgemere/control-plane";
import { ClassicLevel } from "classic-level";

// What it remembers is forgotten then, as if it had been asked for long ago.
const memories = new Set<RememberedValues>();
const remembering = RememberedValues.prototype;
const look = Reflect.get(remembering, "get");
remembering.get = function (key) {
  memories.add(this);
  return look.call(this, key);
};

const isHanging = process.env["EDGEMERE_FAULT_STORE"] === "hangs";
let wayBack: Promise<void> | undefined;
let comeBack = () => {};
process.on("SIGUSR2", () => {
  for (const each of memories) each.forget();
  if (wayBack === undefined) wayBack = new Promise((resolve) => (comeBack = resolve));
  else {
    comeBack();
    wayBack = undefined;
  }
  writeSync(2, `the store is ${wayBack === undefined ? "there again" : "unreachable"}\n`);
});

type Read = (this: unknown, ...given: unknown[]) => Promise<unknown>;
const methods = ClassicLevel.prototype as unknown as Record<string, Read>;
for (const name of ["_get", "_getMany"]) {
  const original = methods[name];
  methods[name] = async function (...given) {
    if (wayBack !== undefined && isHanging) await wayBack;
    else if (wayBack !== undefined) throw new Error("a planted failure: the store is unreachable");
    return original?.apply(this, given);
  };
}
