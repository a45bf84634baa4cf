import { when } from "../../platform/feature.ts";
import { device } from "../devices/contract.ts";
import { file } from "../files/contract.ts";
import { catalogueFile, refreshSources } from "./contract.ts";

/** Messages handled: data can be reached as long as its device can, and the centre's own files are data too. */
export const rules = [
  when(device, "device.offline", refreshSources, ({ subject }) => ({ device: subject })),
  when(device, "device.retired", refreshSources, ({ subject }) => ({ device: subject })),
  when(file, "file.create", catalogueFile, ({ subject }) => ({ file: subject })),
  when(file, "file.ready", catalogueFile, ({ subject }) => ({ file: subject })),
  when(file, "file.destroy", catalogueFile, ({ subject }) => ({ file: subject })),
];
