import { when } from "../../platform/feature.ts";
import { device } from "../devices/contract.ts";
import { refreshSources } from "./contract.ts";

/** Messages handled: data can be reached as long as its device can. */
export const rules = [
  when(device, "device.offline", refreshSources, ({ subject }) => ({ device: subject })),
  when(device, "device.retired", refreshSources, ({ subject }) => ({ device: subject })),
];
