import { useQuery } from "@tanstack/react-query";

export interface Health {
  readonly status: string;
  readonly reasons: readonly string[];
  /** What could be safer. */
  readonly notices?: readonly string[];
}

/** What watches the process is told the same, at the same address. */
export const useHealth = () =>
  useQuery<Health>({
    queryKey: ["/healthz"],
    // One that has failed answers 503, and says why all the same.
    queryFn: async ({ signal }) => (await fetch("/healthz", { signal })).json() as Promise<Health>,
    refetchInterval: 10_000,
  });

/** What follows from each reason, and what to do. */
const REASONS: Readonly<Record<string, string>> = {
  "the disk is nearly full": "Nothing new is stored until there is space; devices keep their records. Free some space.",
  "the store takes no writes":
    "A write failed. The store is opened anew by itself; when that goes on, look at the disk and at the log.",
  "the store holds damaged values":
    "Some entries cannot be read, and are left out of lists and backups. The log names them; restore the last backup whose drill passed.",
  "the event loop is late": "Answers come late: the machine is busy, or too slow for so many devices.",
  "the broker is down": "No device can connect. Start the control plane anew.",
  "there is no connection to the broker":
    "Devices keep their records and get no commands until there is one. Look whether the broker of --broker runs and lets “control-plane” in; the log says why.",
  "the audit log contradicts its copy":
    "The log or its copy was changed by somebody, or the copy belongs to another control plane. Verify the audit log; nothing more is copied until that is cleared up.",
  "a device remembers another audit log":
    "The log was written anew after the device countersigned where it stood. Verify the audit log: it names the entry and the device.",
  "the audit copy is on the same disk":
    "Who can change the log can change its copy, and a disk that dies takes both. Name a folder on another disk with --audit-copy.",
  "a loop fails": "Something that is done again and again fails each time. The log says what.",
  "a loop died": "Something that must be done again and again is not done any more. Start the control plane anew.",
};

/** Empty for a reason that is not of the list. */
export const adviceOn = (reason: string): string => (Object.hasOwn(REASONS, reason) ? REASONS[reason] : "") ?? "";
