import { cutText } from "@edgemere/protocol";

const LONGEST = 300;

/** The last two lines that a program wrote, as far as they can be shown: for the reason why it ended. */
export function lastWords(): { hear(bytes: Uint8Array): void; readonly text: string } {
  let heard = "";
  return {
    hear: (bytes) => {
      heard = (heard + Buffer.from(bytes).toString("utf8")).slice(-4 * LONGEST);
    },
    get text() {
      const lines = heard.split("\n").map((line) => line.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, " ").trim());
      return cutText(
        lines
          .filter((line) => line !== "")
          .slice(-2)
          .join("; "),
        LONGEST,
      );
    },
  };
}
