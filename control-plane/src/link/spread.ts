/** Devices that come back at once without anybody noticing. */
const FEW = 50;
/** Full TLS handshakes that one core does in a second, with room for what follows each. By measurement. */
const HANDSHAKES_PER_SECOND = 80;

/** Over how many milliseconds a fleet of this size is to spread its return after a break. */
export const reconnectSpread = (devices: number): number =>
  Math.round((Math.max(0, devices - FEW) / HANDSHAKES_PER_SECOND) * 1_000);
