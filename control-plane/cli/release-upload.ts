import { readFile } from "node:fs/promises";
import type { Entry } from "./entry.ts";
import { exitCodes, UsageError } from "./failure.ts";
import { upload } from "./file-put.ts";

/** Ten years: a release may be needed for as long as a device runs the one before it. */
const KEPT_FOR = 3_650 * 86_400;

/** `edgemere release upload ARCHIVE SIGNED`: what devices fetch, and what says that they may. */
export const uploadRelease: Entry = {
  words: ["cpl", "dm", "release", "upload"],
  summary: "Upload a signed release of the agent and publish it, so that a rollout can name it by its version",
  declare: (command) =>
    void command
      .argument("<archive>", "what npm run release packed")
      .argument("<signed>", "the file with what edgemere-control-plane sign-release printed; the key stays where it is")
      .addHelpText(
        "after",
        "\nExample:\n  edgemere release upload agent-0.2.0.tar.gz release.txt\n  edgemere job plan --selector 'site=berlin' --kind agent.upgrade --arguments release=0.2.0",
      ),
  run: async ({ positionals }, session) => {
    const [archive, signed] = positionals;
    if (archive === undefined || signed === undefined)
      throw new UsageError("say which files: edgemere release upload ARCHIVE SIGNED");
    const release = await readFile(signed, "utf8").catch((cause: unknown) => {
      throw new UsageError(`${signed} cannot be read: ${cause instanceof Error ? cause.message : "unknown"}`);
    });
    const whole = await upload(archive, { keep: KEPT_FOR }, session);
    if (whole.state !== "ready") {
      session.say(`the upload failed: ${whole.reason}`);
      return exitCodes.failed;
    }
    session.output.show("cpl/dm/release/find", await session.client.call("cpl/dm/release/publish", { release }));
    return exitCodes.done;
  },
};
