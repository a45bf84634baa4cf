// 64-bit numbers must arrive as JavaScript numbers: without this they are objects, ten times slower to decode.
// protobufjs reads `util.Long` when the generated module loads, so this import comes first. Values beyond 2^53 are refused by check.ts.
import "./plain-numbers.ts";

export { v1 } from "../generated/v1.js";
