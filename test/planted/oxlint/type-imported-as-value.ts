import { Buffer } from "node:buffer";

export const size = (bytes: Buffer): number => bytes.length;
