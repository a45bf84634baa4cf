import type { PlatformContext } from "../../platform/context.ts";
import { findData } from "../data-orchestrator/contract.ts";
import type { PlacementPolicy, PlacementQuestion } from "../data-orchestrator/placement-contract.ts";
import { device as deviceResource, type Device } from "../devices/contract.ts";
import { viewOf } from "../devices/selector-contract.ts";
import { decide, refusalWords } from "./admission.ts";
import { said } from "./admitting.ts";
import type { Watch } from "./watch.ts";

/** Policies that are asked before data is asked for are asked again for each place that it would be brought to, and be used in. */
export const placementBy =
  (watch: Watch, declared: PlacementPolicy): PlacementPolicy =>
  async (context) => {
    const answer = await declared(context);
    const concerned = (await watch.policies({ ...context, watch })).askedAbout(findData.path);
    if (concerned.length === 0) return answer;
    const now = context.clock.now();
    const devices = await allDevices(context);
    return (question) => {
      const { data, target } = question;
      const row = devices.get(target?.device ?? data.device);
      const view = { ...(row && viewOf(row)), ...viewOfQuestion(question) };
      const opinions = concerned
        .filter(({ isAboutDevices }) => !isAboutDevices || row !== undefined)
        .flatMap((policy) => said(policy, { view, now, ...(row && { row }) }));
      const { refusal } = decide([opinions]);
      if (refusal === undefined) return answer(question);
      return { decision: "refuse", reason: refusalWords(refusal, findData.path) };
    };
  };

/** It is asked in the name of whoever asked for the data; which roles they have now is not known there. */
const viewOfQuestion = ({ data: { id, bytes, tags, device }, target, use, author }: PlacementQuestion) => ({
  actor: author,
  via: "rule",
  roles: [],
  action: findData.path,
  effect: findData.effect,
  devices: 1,
  input: { use, data: { id, bytes, tags, device }, ...(target && { target: target.name }) },
});

async function allDevices({ store }: Pick<PlatformContext, "store">): Promise<ReadonlyMap<string, Device>> {
  const rows = new Map<string, Device>();
  for await (const row of store.scan(deviceResource)) rows.set(row.id, row);
  return rows;
}
