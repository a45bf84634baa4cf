import { handle } from "../../platform/action.ts";
import { pageWithin } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { device } from "../devices/contract.ts";
import * as contract from "./contract.ts";
import type { TerminalsContext } from "./context.ts";
import { chunksOf } from "./recorder.ts";
import { verified } from "./verifying.ts";

const { recording } = contract;
/** Of lines in one answer. */
const PART = 512 * 1024;

export const terminalActions = [
  handle(contract.findRecording, ({ recording: id }, { store }: TerminalsContext) => resolve(store, recording, id)),
  handle(
    contract.listRecordings,
    async ({ device: ref, state: states, limit = 50, cursor }, { store, scopes }: TerminalsContext, caller) => {
      const where = ref === undefined ? {} : { index: "device", prefix: [(await resolve(store, device, ref)).id] };
      const reach = scopes.reachOf(caller, contract.listRecordings.permission);
      const page = await pageWithin(store, recording, reach, { ...where, limit, cursor, states, reverse: true });
      return { ...page, items: [...page.items] };
    },
  ),
  handle(contract.playRecording, async ({ recording: id, from = 0 }, { store }: TerminalsContext) => {
    const row = await resolve(store, recording, id);
    let lines = "";
    let next = from;
    for await (const chunk of chunksOf(store, row.id, from)) {
      if (lines !== "" && lines.length + chunk.lines.length > PART) return { lines, next };
      lines += chunk.lines;
      next++;
    }
    return { lines };
  }),
  handle(contract.verifyRecording, async ({ recording: id }, { store }: TerminalsContext) =>
    verified(store, await resolve(store, recording, id)),
  ),
  handle(contract.sealRecording, async ({ recording: id, head }, { store }: TerminalsContext) => {
    const row = await resolve(store, recording, id);
    if (row.head !== head) throw new Problem("conflict", "this recording has another head");
    return { recording: id, head };
  }),
];
