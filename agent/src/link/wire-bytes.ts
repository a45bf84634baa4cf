// TLS 1.3: five bytes of header, one of type, sixteen of tag (RFC 8446, section 5.2).
const RECORD = 22;
const LARGEST_RECORD = 16_384;
// IPv4 and TCP with its timestamps; as much again for the acknowledgement.
const HEADERS = 20 + 32;
const SEGMENT = 1_448;

/** What so many bytes of a packet take on a TLS connection over IPv4. An estimate: what is sent again and what IPv6 adds is not in it. */
export function wireBytes(plain: number): number {
  const encrypted = plain + RECORD * Math.ceil(plain / LARGEST_RECORD);
  return encrypted + 2 * HEADERS * Math.ceil(encrypted / SEGMENT);
}

/** What it takes to connect and part: TCP's three and four segments, and the certificates of both sides unless a session is resumed. */
export const handshakeBytes = (isResumed: boolean): number => 7 * HEADERS + (isResumed ? 1_600 : 4_800);
