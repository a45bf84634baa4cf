import { compileExpression, type Expression } from "../../platform/expression.ts";
import type { Device } from "../devices/contract.ts";
import type { DataInstance } from "./contract.ts";

const fields = {
  id: "string",
  name: "string",
  state: "string",
  /** The device's name; its id stands beside it. */
  device: "string",
  device_id: "string",
  data: "string",
  reference: "string",
  request: "string",
  path: "string",
  hash: "string",
  size: "number",
  labels: "map",
} as const;

/** Bare words are labels of the device that holds the instance. Throws Problem that names the mistake. */
export const compileSelector = (text: string): Expression => compileExpression(text, { fields, labels: "labels" });

/** A data instance as selectors see it. */
export const viewOf = (
  { id, name, state, device, data, reference = "", request = "", path, hash, bytes }: DataInstance,
  holder: Pick<Device, "name" | "labels"> | undefined,
) => ({
  id,
  name,
  state,
  device: holder?.name ?? device,
  device_id: device,
  data,
  reference,
  request,
  path,
  hash,
  size: bytes,
  labels: holder?.labels ?? {},
});
