import { gauge, type Family } from "../../platform/figures.ts";
import type { FilesContext } from "./context.ts";
import { RESERVED, reserved } from "./tables.ts";

/** How full the room for files is. */
export async function fileFigures({ store, files }: FilesContext): Promise<readonly Family[]> {
  const used = (await store.get(reserved, RESERVED))?.bytes ?? 0;
  return [
    gauge({ name: "edgemere_files_bytes", help: "What all files take, or will when they are whole" }, [[{}, used]]),
    gauge({ name: "edgemere_files_room_bytes", help: "What all files together may come to take" }, [[{}, files.room]]),
  ];
}
