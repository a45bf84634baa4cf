import { compileExpression, type Expression } from "../../platform/expression.ts";
import { dataVocabulary, type Data } from "./contract.ts";

/** Throws Problem that names the mistake. */
export const compileQuery = (text: string): Expression => compileExpression(text, dataVocabulary);

/** A piece of data as queries see it. */
export const viewOf = ({ id, name, source, device, access, bytes, hash, tags, modifiedAt, state, lineage }: Data) => ({
  id,
  name,
  size: bytes,
  kind: tags["kind"] ?? "other",
  extension: tags["extension"] ?? "",
  source: tags["source"] ?? source,
  source_id: source,
  device: tags["device"] ?? device,
  device_id: device,
  access,
  hash,
  state,
  modified_at: modifiedAt,
  alert: lineage?.alert ?? "",
  tags,
});
