/** Why the control plane did not take a message, or a record of one, in words for people. */
const REFUSALS: Readonly<Record<string, string>> = {
  "too-large": "it was larger than a message may be",
  malformed: "its bytes are no message",
  "unknown-topic": "it came on a topic that there is not",
  "wrong-direction": "it came on a topic that only the control plane speaks on",
  "not-yours": "it came on, or was wanted of, another device’s topic",
  "bad-id": "it names something that cannot exist",
  "missing-field": "something that must be there is missing",
  "out-of-range": "a value is outside of what is allowed",
  "not-finite": "a value is endless",
  "too-many": "it holds more than is allowed at once",
  "wrong-body": "it does not belong into its stream",
  "bad-signature": "its signature does not fit",
  "unknown-key": "it is signed with a key that is not known",
  "conflicting-record": "a number came again and says something else than what is stored",
  misconduct: "the device does more of something than any that works; it is held back until it is released",
  "not-admitted": "who it says it is may not come in",
  unsupported: "it holds a value of a kind that is not taken, such as a data set",
  "not-born": "it speaks of something that its edge node has not named in a birth; it is asked to",
  "handshake-failed": "the connection was not secured: no certificate, a wrong one, or none in time",
  "unknown-schema": "it does not say which series its samples are of; the device sends it again with that",
  "too-many-schemas": "the device names ever other series: what it named first was forgotten",
  overloaded: "too much came at once; the device sends it again later",
  failed: "the control plane itself failed on it, and tries again; its log says more",
  "read-only": "the disk of the control plane is nearly full; the device sends it again later",
};

/** A word that is not of the list is shown as it is. */
export const explainRefusal = (reason: string): string =>
  (Object.hasOwn(REFUSALS, reason) ? REFUSALS[reason] : reason) ?? "";
