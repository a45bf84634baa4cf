/** What is wrong with a device, in words for people. */
const CONDITIONS: Readonly<Record<string, string>> = {
  "clock-wrong": "its clock is more than five minutes off",
  "clock-disagrees": "it does not believe the control plane’s clock",
  "disk-low": "its disk is nearly full: telemetry and output are not kept, and counted as lost",
  "disk-full": "its disk is full",
  "disk-failing": "its disk fails to write",
  "spool-full": "it has no room to keep what it cannot send",
  "damaged-segments": "records were damaged on its disk",
  "safe-mode": "its agent died again and again, and takes no commands until it has run for an hour",
  "journal-set-aside": "its journal of commands could not be read and was set aside",
  "journal-failing": "it fails to write down commands",
  "certificate-expired": "its certificate has ended",
  "renewal-failing": "its certificate was not renewed when it tried",
  "waits-for-approval": "somebody has to approve that it gets a new certificate",
  "ping-missing": "it has no ping program, so ICMP is not measured",
  "ping-not-allowed": "its agent may not ping, so ICMP is not measured",
  "cannot-receive": "it can send and cannot be told anything",
};

/** Empty for a word that is not of the list. */
export const explainCondition = (condition: string): string =>
  (Object.hasOwn(CONDITIONS, condition) ? CONDITIONS[condition] : "") ?? "";
