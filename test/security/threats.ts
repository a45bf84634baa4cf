/**
 * Who attacks. network: on the path. stranger: reaches a port. device: enrolled, and taken over. broker: taken over, or set up
 * wrong. tenant: a user who means harm. session: a stolen token or sign-in. insider: an operator. supplier: of what we build on.
 * holder: has the device in hand. child: a control plane that reports to this one, taken over. nobody: chance.
 */
type Attacker =
  | "network"
  | "stranger"
  | "device"
  | "broker"
  | "tenant"
  | "session"
  | "insider"
  | "supplier"
  | "holder"
  | "child"
  | "nobody";

export interface Threat {
  readonly id: string;
  /** What is to be protected. */
  readonly asset: string;
  readonly attackers: readonly Attacker[];
  readonly attack: string;
  /** What makes it fail. */
  readonly control: string;
}

/** Every threat that is answered for. A test in this folder whose title begins with the id carries the attack out. */
export const threats: readonly Threat[] = [
  {
    id: "T01",
    asset: "the right to command devices",
    attackers: ["broker"],
    attack: "a broker makes up a command, or changes one",
    control: "commands are signed over their bytes; an agent believes the keys of its enrolment only",
  },
  {
    id: "T02",
    asset: "the right to command devices",
    attackers: ["broker", "network"],
    attack: "an old command is sent again",
    control: "the journal knows the command; its number lies in a window; it expires",
  },
  {
    id: "T03",
    asset: "the right to command devices",
    attackers: ["broker"],
    attack: "commands are held back, or come in another order",
    control: "commands expire; a signed head tells the device what it should have",
  },
  {
    id: "T04",
    asset: "the right to command devices",
    attackers: ["device"],
    attack: "a device speaks on the topics of another, or of the control plane",
    control: "a device may use its own topics only, by the name in its certificate",
  },
  {
    id: "T05",
    asset: "what other devices say and hear",
    attackers: ["device"],
    attack: "wildcards, shared and mixed subscriptions, sessions that are resumed, retained messages",
    control: "literal filters of its own only, looked at again with every message; clean sessions",
  },
  {
    id: "T06",
    asset: "a device's identity",
    attackers: ["device", "stranger"],
    attack: "somebody connects under the client id of another device",
    control: "the client id must be the name in the certificate",
  },
  {
    id: "T07",
    asset: "a device's identity",
    attackers: ["holder"],
    attack: "the keys are copied to a second host",
    control: "what both use at once, or one by one, does not fit together: the device is quarantined",
  },
  {
    id: "T08",
    asset: "enrolment",
    attackers: ["stranger"],
    attack: "an enrolment token is guessed, used again, or used after its time",
    control: "256 random bits, kept as a hash, used up at once, valid for an hour; tries are limited",
  },
  {
    id: "T09",
    asset: "enrolment",
    attackers: ["network"],
    attack: "somebody between the device and the control plane at their first contact",
    control: "the token carries the fingerprint of the authority; nothing is sent to anybody else",
  },
  {
    id: "T10",
    asset: "enrolment",
    attackers: ["device"],
    attack: "a certificate request that names another device, an authority or more names",
    control: "the control plane gives the name, and takes nothing but the key from the request",
  },
  {
    id: "T11",
    asset: "the authority's keys",
    attackers: ["stranger", "insider"],
    attack: "the keys are read over a route, from a file or out of a backup",
    control: "no route reads them, their owner alone does; backups can be sealed",
  },
  {
    id: "T12",
    asset: "the command key",
    attackers: ["session", "insider"],
    attack: "one stolen sign-in gives a dangerous command to the whole fleet",
    control: "a permission for each dangerous kind, a pace, a second person; every command has a name to it",
  },
  {
    id: "T13",
    asset: "REST and the live channel",
    attackers: ["stranger"],
    attack: "a route, a topic or a socket that asks for no credentials",
    control: "an action without a declared permission does not exist; all are asked at one place",
  },
  {
    id: "T14",
    asset: "what belongs to another tenant",
    attackers: ["tenant"],
    attack: "an id of somebody else is asked for, changed or listed",
    control: "whoever may not see a thing is told that there is none",
  },
  {
    id: "T15",
    asset: "an operator's session",
    attackers: ["session"],
    attack: "another site's page sends requests, or opens the live channel, in the operator's browser",
    control: "tokens travel in headers; origins that may open the channel are listed",
  },
  {
    id: "T16",
    asset: "the portal",
    attackers: ["device"],
    attack: "script in whatever a device may say of itself",
    control: "text is text; no script but the portal's own; what hides or turns text is shown",
  },
  {
    id: "T17",
    asset: "an operator's terminal and tables",
    attackers: ["device"],
    attack: "control sequences in output, formulas in exports",
    control: "control characters are shown and never sent to a terminal; cells cannot begin a formula",
  },
  {
    id: "T18",
    asset: "terminal sessions",
    attackers: ["broker"],
    attack: "keys are typed into a session, or it is read",
    control: "sealed between the control plane and the agent, each frame once; a changed one ends it",
  },
  {
    id: "T19",
    asset: "terminal sessions",
    attackers: ["insider"],
    attack: "an operator denies what was done in a terminal",
    control:
      "recorded at both ends before it is shown, in chains of hashes; the device signs what it showed, the audit log has the head",
  },
  {
    id: "T20",
    asset: "a device's host",
    attackers: ["device", "tenant"],
    attack: "a command leaves processes behind, or becomes root",
    control:
      "an ordinary user; what a command leaves running is found and killed, and its sandbox keeps it from at and cron",
  },
  {
    id: "T21",
    asset: "a device's host",
    attackers: ["session"],
    attack: "the agent is made to do what only root may",
    control: "the agent is an ordinary user in a sandbox without capabilities; no helper of it is more",
  },
  {
    id: "T22",
    asset: "a device's files",
    attackers: ["device", "session"],
    attack: "paths, links and special files that lead elsewhere",
    control:
      "the host's own settings name the directories; only what lies in them, on their own mount, is looked at, and of the agent's own nothing",
  },
  {
    id: "T23",
    asset: "artifacts",
    attackers: ["broker", "device", "stranger", "supplier"],
    attack: "content that was changed, is old, is mixed, ends too soon or never",
    control:
      "the signed command names SHA-256 and bytes; nothing else is put in place, in one step; a device fetches by its own open command only; apt brings what the host itself trusts",
  },
  {
    id: "T24",
    asset: "telemetry",
    attackers: ["device"],
    attack: "data in another's name, from the future, or in floods",
    control: "whose data it is says the connection; times are judged; paces are limited",
  },
  {
    id: "T25",
    asset: "results of commands",
    attackers: ["broker"],
    attack: "a result is made up or changed on its way",
    control: "devices sign what they report",
  },
  {
    id: "T26",
    asset: "the control plane's time and memory",
    attackers: ["stranger"],
    attack: "huge packets, slow ones, silent ones, handshakes that are never finished",
    control: "sizes before bytes are kept, deadlines, certificates before MQTT",
  },
  {
    id: "T27",
    asset: "the control plane's time and memory",
    attackers: ["device"],
    attack: "floods of messages, subscriptions and connections",
    control: "a budget for each device",
  },
  {
    id: "T28",
    asset: "the control plane's time and memory",
    attackers: ["nobody"],
    attack: "a whole fleet comes back at one instant",
    control: "devices come back spread over time, and are let in at a pace",
  },
  {
    id: "T29",
    asset: "the audit log",
    attackers: ["insider"],
    attack: "entries are changed, removed, put in or put elsewhere",
    control: "each entry holds the hash of the one before",
  },
  {
    id: "T30",
    asset: "secrets in commands",
    attackers: ["broker", "insider"],
    attack: "they are read from a broker, a log, a journal or a backup",
    control: "they are encrypted to the device, and shown nowhere",
  },
  {
    id: "T31",
    asset: "API tokens",
    attackers: ["session"],
    attack: "a stolen token is used",
    control: "kept as hashes, narrow, for a time; a revoked one ends at once, with its connections",
  },
  {
    id: "T32",
    asset: "sign-in",
    attackers: ["stranger"],
    attack: "passwords are guessed, or there is one that everybody knows",
    control: "no account but by the setup code; tries are slowed and limited",
  },
  {
    id: "T33",
    asset: "what belongs to another tenant",
    attackers: ["tenant"],
    attack: "ids that reach into a foreign range of the store, or one tenant takes all there is",
    control: "parts of keys cannot run into each other; budgets",
  },
  {
    id: "T34",
    asset: "what we build on",
    attackers: ["supplier"],
    attack: "a release of a package that means harm, now or at its installation",
    control: "one version and hash of each; none runs anything when it is installed; builds are repeatable",
  },
  {
    id: "T35",
    asset: "the agent's own program",
    attackers: ["supplier", "broker"],
    attack: "the agent is replaced by something else, something old, or something that does not work",
    control:
      "a release is signed by keys of a role of its own, hashed, newer, and unpacked as plain files; a watcher that no release replaces takes it back; the installation is read-only",
  },
  {
    id: "T36",
    asset: "a device that was lost or sold",
    attackers: ["holder"],
    attack: "its keys live on",
    control: "a retired device is refused for ever, also from an old image of its disk",
  },
  {
    id: "T37",
    asset: "backups",
    attackers: ["insider", "stranger"],
    attack: "an old backup brings revoked credentials and used numbers back",
    control: "a restored control plane is another generation; what was revoked stays revoked",
  },
  {
    id: "T38",
    asset: "time",
    attackers: ["network"],
    attack: "a wrong clock revives what has expired",
    control: "time does not go below what was once sure; periods are measured without the wall clock",
  },
  {
    id: "T39",
    asset: "metrics and health",
    attackers: ["stranger"],
    attack: "names and secrets are read from them",
    control: "they hold none, and are for this machine or for those who sign in",
  },
  {
    id: "T40",
    asset: "the programs as shipped",
    attackers: ["stranger"],
    attack: "a door that was built for tests or simulations is left open",
    control: "no program of ours knows that it is tested: there is no such option, variable or route",
  },
  {
    id: "T41",
    asset: "what a region or the centre knows of its fleet",
    attackers: ["child"],
    attack: "a control plane below says what is not its own, cannot be, is too much to be read or kept, or never ends",
    control:
      "origins are declared, each for one child; every number is held against what samples can make, and its size before it is read; what is kept of a child has a bound; refusals are counted at it",
  },
];
