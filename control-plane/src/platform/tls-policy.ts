import { DAY } from "@edgemere/protocol/kit";

/** For so long a session may be resumed, and its ticket's keys are kept: as long as TLS 1.3 lets a ticket live. */
export const TICKET_LIFE = 7 * DAY;

/**
 * What every door that speaks TLS agrees to: 1.2 or newer, encryption that is authenticated, keys that are forgotten with the
 * connection (RFC 9325, 4.2). What an old client offers beyond that is refused at the handshake.
 */
export const tlsPolicy = {
  minVersion: "TLSv1.2",
  ciphers: [
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "ECDHE+AESGCM",
    "ECDHE+CHACHA20",
  ].join(":"),
} as const;
