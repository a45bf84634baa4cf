declare module "snappyjs" {
  /** Snappy's block format, without frames. */
  export function compress(data: Uint8Array): Uint8Array;
  export function uncompress(data: Uint8Array): Uint8Array;
}
