import type { Entry } from "./entry.ts";
import { exitCodes, UsageError } from "./failure.ts";

/** `edgemere explain device DEVICE --job JOB`: the question as it is asked; the answer is that of `edgemere job explain`. */
export const explainDevice: Entry = {
  words: ["explain", "device"],
  isEveryday: true,
  summary: "Say why a device is where it is in a job or a rollout, and when that could change",
  declare: (command) => command.argument("<device>", "its id or name").option("--job <id>", "id of the job or rollout"),
  run: async ({ options, positionals }, { client, output }) => {
    const [device] = positionals;
    const { job } = options;
    if (device === undefined || typeof job !== "string")
      throw new UsageError("say which device and which job: edgemere explain device DEVICE --job JOB");
    output.show("cpl/dm/job/explain", await client.call("cpl/dm/job/explain", { device, job }));
    return exitCodes.done;
  },
};
