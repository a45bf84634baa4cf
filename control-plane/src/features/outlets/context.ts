import type { Random } from "@edgemere/protocol/kit";
import type { PlatformContext } from "../../platform/context.ts";
import type { OutletName } from "./contract.ts";
import type { Tally } from "./tally.ts";

/** A body, and what must be said of it. */
export interface Post {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a target answered. */
export interface Answer {
  /** Of HTTP; 0 where none came. */
  readonly status: number;
  /** Its first words, or why none came. */
  readonly text: string;
  /** Milliseconds that it asks for. */
  readonly retryAfter?: number;
  /** Nobody was asked to the end: the control plane stops. */
  readonly isGivenUp?: boolean;
}

/** Something outside that takes telemetry. */
export interface Target {
  readonly name: OutletName;
  /** Without credentials. */
  readonly url: string;
  /** Never throws: what goes wrong is an answer. */
  readonly post: (post: Post) => Promise<Answer>;
}

export interface OutletsContext extends PlatformContext {
  readonly random: Random;
  readonly outlets: {
    readonly targets: readonly Target[];
    /** Only these metrics, `x.*` for all that begin with `x.`; all when empty. */
    readonly metrics: readonly string[];
    /** Labels of devices that go with them. */
    readonly labels: readonly string[];
    readonly tally: Tally;
  };
}
