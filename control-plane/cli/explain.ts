import { commandOf, listActions } from "./actions.ts";
import type { Entry } from "./entry.ts";
import { exitCodes, UsageError } from "./failure.ts";
import { bareField, fieldsOf } from "./fields.ts";

/** `edgemere explain device DEVICE`, in a job or by a policy: the answer is that of `edgemere job explain` or `edgemere policy explain`. */
const explainDevice: Entry = {
  words: ["explain", "device"],
  isWhole: true,
  isEveryday: true,
  asks: { paths: ["cpl/dm/job/explain", "sa/pe/policy/explain"], bare: "device" },
  summary: "Say why a device is where it is in a job or a rollout, or why a policy fires on it or does not",
  declare: (command) =>
    command
      .argument("<device>", "its id or name")
      .option("--job <id>", "id of the job or rollout")
      .option("--policy <name>", "name of the policy"),
  run: async ({ options, positionals }, { client, output }) => {
    const [device] = positionals;
    const { job, policy } = options;
    if (device !== undefined && typeof job === "string" && policy === undefined)
      output.show("cpl/dm/job/explain", await client.call("cpl/dm/job/explain", { device, job }));
    else if (device !== undefined && typeof policy === "string" && job === undefined)
      output.show("sa/pe/policy/explain", await client.call("sa/pe/policy/explain", { device, policy }));
    else
      throw new UsageError(
        "say which device, and which job or which policy: edgemere explain device DEVICE --job JOB, or --policy POLICY",
      );
    return exitCodes.done;
  },
};

/** `edgemere explain group GROUP` by a policy: the answer is that of `edgemere policy explaingroup`. */
const explainGroup: Entry = {
  words: ["explain", "group"],
  isWhole: true,
  isEveryday: true,
  asks: { paths: ["sa/pe/policy/explaingroup"], bare: "group" },
  summary: "Say why a policy fires on a group of devices or does not, and which devices decide",
  declare: (command) =>
    command
      .argument("<group>", "the group: site=berlin, adevice:gateways, fleet")
      .option("--policy <name>", "name of the policy")
      .addHelpText("after", "\nExample:\n  edgemere explain group site=berlin --policy dark"),
  run: async ({ options: { policy }, positionals: [group] }, { client, output }) => {
    if (group === undefined || typeof policy !== "string")
      throw new UsageError("say which group, and by which policy: edgemere explain group site=berlin --policy POLICY");
    output.show("sa/pe/policy/explaingroup", await client.call("sa/pe/policy/explaingroup", { group, policy }));
    return exitCodes.done;
  },
};

/** `edgemere explain CLASS REF` for every action that explains one thing: the question as it is asked. */
export const listExplanations = (): readonly Entry[] => [
  explainDevice,
  explainGroup,
  ...listActions()
    .filter((action) => (action.path as string).endsWith("/explain"))
    .flatMap((action) => {
      const fields = fieldsOf(action);
      const { reference } = bareField(fields) ?? {};
      const isAlone = fields.filter(({ required }) => required).length === 1;
      return reference !== undefined && isAlone
        ? [
            {
              ...commandOf(action),
              words: ["explain", reference],
              asks: { paths: [action.path as string] },
              isWhole: true as const,
              isEveryday: true as const,
            },
          ]
        : [];
    }),
];
