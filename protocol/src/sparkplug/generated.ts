// As in ../generated.ts: 64-bit numbers must arrive as JavaScript numbers, which is settled before the generated module loads.
import "../plain-numbers.ts";

export { v1 } from "../../generated/sparkplug-b.js";
