import { table } from "../../platform/resource.ts";

interface Counted {
  readonly id: string;
  readonly version: number;
  readonly bytes: number;
}

/** How many bytes of a file are there, while it is uploaded: one more with every piece, and no news. */
export const progress = table<Counted>("fileprogress");

/** What all files together may come to take, in one row: said before the first byte is there. */
export const reserved = table<Counted>("filesreserved");
export const RESERVED = "all";
