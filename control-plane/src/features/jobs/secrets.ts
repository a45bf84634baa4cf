import { sealSecrets, v1, type CommandKind } from "@edgemere/protocol";
import { Problem } from "../../platform/problem.ts";
import type { Device } from "../devices/contract.ts";
import type { Command } from "./contract.ts";
import type { JobsContext } from "./context.ts";

type Target = Pick<Device, "id" | "name" | "sealingKey">;
/** What secrets may take in a command, beside its arguments. */
export const SEALED_BYTES = 8 * 1024;
/** What the seal adds. */
const TAG_BYTES = 16;

export function refuseKindWithoutSecrets(kind: CommandKind): void {
  if (kind !== "exec" && kind !== "script")
    throw new Problem("invalid-input", `${kind} takes no secrets: only exec and script do`);
}

/** Throws Problem where secrets are more than a command can hold, whatever the device. */
export function refuseLargeSecrets(values: Readonly<Record<string, string>>): void {
  if (v1.Secrets.encode({ values: { ...values } }).finish().length + TAG_BYTES > SEALED_BYTES)
    throw new Problem("invalid-input", `the secrets are too large: together they may take ${SEALED_BYTES} bytes`);
}

/** Throws Problem where secrets would not reach anybody, or could not be kept from everybody else. */
export function refuseSecrets({ name, sealingKey }: Target, kind: CommandKind): void {
  refuseKindWithoutSecrets(kind);
  if (sealingKey === undefined)
    throw new Problem(
      "conflict",
      `the device "${name}" was enrolled before secrets could be sealed for it; enrol it again with a newer agent`,
    );
}

/** Secrets as they are kept and sent. In the clear they are nowhere but in the request that brought them. */
export function sealedFor(
  { id, sealingKey = "" }: Target,
  values: Readonly<Record<string, string>>,
  command: string,
  { authority }: JobsContext,
): NonNullable<Command["sealed"]> {
  refuseLargeSecrets(values);
  const owner = { trustDomain: authority.trustDomain, device: id, command };
  const { encapsulatedKey, ciphertext } = sealSecrets(values, Buffer.from(sealingKey, "base64"), owner);
  return {
    names: Object.keys(values).sort(),
    encapsulatedKey: Buffer.from(encapsulatedKey ?? []).toString("base64"),
    ciphertext: Buffer.from(ciphertext ?? []).toString("base64"),
  };
}

/** The same on the wire. */
export const boxOf = ({ encapsulatedKey, ciphertext }: NonNullable<Command["sealed"]>): v1.SealedBox.$Shape => ({
  encapsulatedKey: Buffer.from(encapsulatedKey, "base64"),
  ciphertext: Buffer.from(ciphertext, "base64"),
});
