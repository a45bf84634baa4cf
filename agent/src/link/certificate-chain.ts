import type { X509Certificate } from "node:crypto";
import { isDeviceId, SERVER_NAME } from "@edgemere/protocol";
import type { TrustedTime } from "../clock/trusted-time.ts";

const SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2";
const LONGEST_CHAIN = 5;

/** The dates of a certificate, milliseconds since 1970. */
// oxlint-disable-next-line no-restricted-globals -- reads what is written; asks no clock
export const instantOf = (text: string): number => Date.parse(text);

/**
 * Why a server that shows these certificates, its own first, is not the control plane; undefined when it is. For hosts
 * whose system clock is wrong: TLS judges dates by that clock, and this by what is known of the true time.
 */
export function objectionTo(
  shown: readonly X509Certificate[],
  root: X509Certificate,
  time: Pick<TrustedTime, "earliest" | "latest">,
): string | undefined {
  const [own] = shown;
  if (own === undefined) return "it shows no certificate";
  if (own.checkHost(SERVER_NAME, { subject: "never" }) === undefined) return "its certificate is for another name";
  return objectionToUse(SERVER_AUTHENTICATION, shown, root, time);
}

/** The device that shows these certificates, its own first; undefined when they are not those of a device of this fleet. */
export function deviceShown(
  shown: readonly X509Certificate[],
  root: X509Certificate,
  time: Pick<TrustedTime, "earliest" | "latest">,
): string | undefined {
  const [own] = shown;
  if (own?.keyUsage?.includes(CLIENT_AUTHENTICATION) !== true) return undefined;
  if (objectionToUse(CLIENT_AUTHENTICATION, shown, root, time) !== undefined) return undefined;
  const [, name = ""] = /^CN=(.+)$/m.exec(own.subject) ?? [];
  return isDeviceId(name) ? name : undefined;
}

function objectionToUse(
  use: string,
  shown: readonly X509Certificate[],
  root: X509Certificate,
  time: Pick<TrustedTime, "earliest" | "latest">,
): string | undefined {
  const [own] = shown;
  const chain = own && chainTo(root, own, shown);
  if (chain === undefined) return "its certificate does not come from this device's root";
  for (const each of chain) {
    if (instantOf(each.validTo) < time.earliest) return `a certificate expired on ${each.validTo}`;
    if (instantOf(each.validFrom) > time.latest) return `a certificate is not valid before ${each.validFrom}`;
    // Somebody who may certify devices must not be able to make servers, nor the other way.
    const uses: readonly string[] | undefined = each.keyUsage;
    if (uses !== undefined && !uses.includes(use))
      return `a certificate is not one for ${use === SERVER_AUTHENTICATION ? "servers" : "devices"}`;
  }
  return undefined;
}

/** From a server's certificate to the root, each signed by the next. */
function chainTo(
  root: X509Certificate,
  own: X509Certificate,
  shown: readonly X509Certificate[],
): readonly X509Certificate[] | undefined {
  const chain = [own];
  for (let last = own; chain.length <= LONGEST_CHAIN;) {
    if (isIssuedBy(last, root)) return [...chain, root];
    const issuer = shown.find((each) => !chain.includes(each) && isIssuedBy(last, each));
    if (issuer === undefined) return undefined;
    chain.push(issuer);
    last = issuer;
  }
  return undefined;
}

const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
