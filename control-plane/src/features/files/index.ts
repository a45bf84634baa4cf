import { feature } from "../../platform/feature.ts";
import { fileActions } from "./actions.ts";
import type { FilesContext } from "./context.ts";
import { file } from "./contract.ts";
import { deviceActions } from "./device-actions.ts";
import { fileFigures } from "./figures.ts";
import { forgetOldFiles } from "./loops.ts";

export type { FilesContext } from "./context.ts";

export const files = feature<FilesContext>({
  name: "files",
  resources: [file],
  actions: [...fileActions, ...deviceActions],
  figures: fileFigures,
  loops: (context) => [forgetOldFiles(context)],
});
