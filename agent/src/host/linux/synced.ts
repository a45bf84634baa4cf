import { open } from "node:fs/promises";

/** Has what was made, renamed or removed in a folder survive a power cut. */
export const syncFolder = (path: string): Promise<void> => synced(path);

/** Has the content of a file survive a power cut. */
export const syncFile = (path: string): Promise<void> => synced(path);

async function synced(path: string): Promise<void> {
  const opened = await open(path, "r");
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}
