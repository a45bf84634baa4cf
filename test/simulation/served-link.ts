import type { AppContext, Core } from "@edgemere/control-plane";
import type { Life } from "./life.ts";

/** The device side of a control plane that is up. */
export interface ServedLink {
  readonly link: Core<AppContext>["link"];
  readonly life: Life;
  readonly admits: (device: string) => boolean;
  /** Told of each packet that was sent to a device that is connected. */
  readonly sent: (topic: string, payload: Uint8Array) => void;
}
