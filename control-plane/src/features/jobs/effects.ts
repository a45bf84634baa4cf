/** What a command does to a device beside its work, at worst. */
type Effect = "none" | "reload" | "restart" | "reboot" | "unknown";

const effects: Readonly<Record<string, Effect>> = {
  ping: "none",
  "inventory.refresh": "none",
  "service.status": "none",
  "file.get": "none",
  "file.list": "none",
  "log.collect": "none",
  "data.get": "none",
  "data.put": "none",
  "data.drop": "none",
  "data.mount": "none",
  "data.report": "none",
  "data.snapshot": "none",
  "service.reload": "reload",
  "service.start": "restart",
  "service.stop": "restart",
  "service.restart": "restart",
  "agent.upgrade": "restart",
  reboot: "reboot",
};

/** What a kind does to a device; unknown where that is for the device's own programs to say, as of a script. */
export const effectOf = (kind: string): Effect =>
  Object.hasOwn(effects, kind) ? (effects[kind] ?? "unknown") : "unknown";
