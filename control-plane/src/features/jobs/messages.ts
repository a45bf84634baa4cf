import { when } from "../../platform/feature.ts";
import { device } from "../devices/contract.ts";
import { abandonCommands } from "./contract.ts";

/** Messages handled. */
export const rules = [when(device, "device.retired", abandonCommands, ({ subject }) => ({ device: subject }))];
