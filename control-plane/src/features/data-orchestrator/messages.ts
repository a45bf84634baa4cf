import { when } from "../../platform/feature.ts";
import { createInstance, dataReference, dataRequest, evaluate, reserve } from "./contract.ts";

/** Messages handled. */
export const rules = [
  when(dataReference, "datareference.provisioning", createInstance, ({ subject }) => ({ dataref: subject })),
  when(dataRequest, "datarequest.needed", reserve, ({ subject }) => ({ request: subject })),
  when(dataRequest, "datarequest.selected", evaluate, ({ subject }) => ({ request: subject })),
];
