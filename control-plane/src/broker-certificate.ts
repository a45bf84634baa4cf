import { isIP } from "node:net";
import { nodeDisk, type Clock, type Random } from "@edgemere/protocol/kit";
import type { BrokerCertificateConfig } from "./config-commands.ts";
import { NoSuchKey } from "./link/authority-files.ts";
import { certifyBroker } from "./link/authority.ts";

/** There are no keys to sign with, or there is no place for the certificate. The message says what to do. */
export class CannotCertify extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = "CannotCertify";
  }
}

/** Writes what somebody else's broker needs to be taken for the control plane's; gives what to tell the operator. */
export async function writeBrokerCertificate(
  { folder, dataFolder, names }: BrokerCertificateConfig,
  tools: { readonly clock: Clock; readonly random: Random },
): Promise<readonly string[]> {
  const hostNames = names.filter((name) => isIP(name) === 0);
  const addresses = names.filter((name) => isIP(name) !== 0);
  const { root, certificate, key, notAfter } = await certifyBroker(
    { ...tools, disk: nodeDisk(dataFolder) },
    { hostNames, addresses },
  ).catch((error: unknown) => {
    if (!(error instanceof NoSuchKey)) throw error;
    throw new CannotCertify(
      `${error.message} in ${dataFolder}: name the data folder of a control plane that was started before with --data`,
      error,
    );
  });
  const disk = nodeDisk(folder);
  try {
    await disk.write("root.pem", Buffer.from(`${root.trim()}\n`));
    await disk.write("broker.pem", Buffer.from(`${certificate.trim()}\n`));
    await disk.write("broker.key", Buffer.from(`${key.trim()}\n`));
  } catch (error) {
    throw new CannotCertify(`nothing can be written to ${folder} (${messageOf(error)}): name another folder`, error);
  }
  return [
    `Wrote root.pem, broker.pem and broker.key (all 0600) to ${folder}.`,
    // oxlint-disable-next-line no-restricted-globals -- a written instant is shown, no clock is asked
    `They hold until ${new Date(notAfter).toISOString().slice(0, 10)}: run this again some weeks before, or all devices lose their broker on that day.`,
    "Let the broker's user read them, as with: chown -R mosquitto: " + folder,
    "Start the control plane anew with --broker mqtts://HOST:8883, then the broker: on one machine the port is the control plane's until then.",
  ];
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
