/** Why a command did not succeed: a closed list, so that a report can be counted, filtered and translated. */
export const reasons = {
  "not-allowed": "the device's own settings do not allow this kind of command",
  "forbidden-here": "a rule of the device's owner forbids it, whatever the control plane says",
  unsupported: "the agent does not know this kind of command",
  "bad-signature": "the signature does not fit the command or the key",
  "unknown-key": "no key of the device's keyring may sign this command",
  "wrong-device": "the command is for another device or trust domain",
  "bad-arguments": "the arguments do not make sense on this device",
  "too-old": "the command's deadline passed before it could start",
  replayed: "a command with this sequence number was seen before",
  "journal-full": "the device cannot write down more open commands",
  "spool-full": "the device has no room left for results; they must be delivered first",
  "safe-mode": "the agent died again and again soon after its start, and takes no commands for now",
  "outdated-control-plane": "it was issued before the control plane was restored, or by a copy that is out of date",
  "exit-code": "the program ended with an exit code other than 0",
  "ended-by-signal": "a signal ended the program",
  "not-found": "the program or service does not exist on the device",
  "not-permitted": "the operating system refused",
  failed: "the command failed on the device",
  "ran-too-long": "the command ran longer than it may",
  cancelled: "somebody cancelled the command",
  "agent-stopped": "the agent stopped while the command ran",
  "not-rebooted": "the device did not start anew in time",
  "device-retired": "the device was retired",
  "no-answer": "the device never said how it ended",
  "no-progress": "the device is there and says nothing of the command any more",
  "device-restored": "the device came back with an older memory, and must not do it twice",
} as const;

export type Reason = keyof typeof reasons;
export const isReason = (code: string): code is Reason => Object.hasOwn(reasons, code);
