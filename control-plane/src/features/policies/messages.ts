import { when } from "../../platform/feature.ts";
import { device } from "../devices/contract.ts";
import { forgetDevice } from "./contract.ts";

/** Messages handled. */
export const rules = [when(device, "device.retired", forgetDevice, ({ subject }) => ({ device: subject }))];
