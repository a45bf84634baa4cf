import { Type } from "@sinclair/typebox";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { EventShape } from "../../platform/domain-event.ts";

export const requestHistory = action({
  path: "diml/dml/do/datarequest/history",
  summary: "Show what happened to a data request, its reservations and its instances, newest first",
  effect: "read",
  permission: "data:read",
  input: Type.Object({ request: Ref("datarequest", "The data request: id or unique name"), ...pageInput }),
  output: PageOf(EventShape),
});
