import { resolve } from "node:path";
import {
  ConfigError,
  duration,
  oneOf,
  option,
  type Options,
  type Reader,
  type Values,
} from "@edgemere/protocol/config";
import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import { isMailbox } from "./mailbox.ts";

/** How people and programs are told of alerts. Durations are milliseconds. */
export interface NotifierConfig {
  /** How long a notice is tried, and how long it is kept when it is over. */
  readonly tryFor: number;
  readonly keepFor: number;
  /** Whether webhooks may go to this machine and its link. */
  readonly mayGoInside: boolean;
  /** Undefined: there is no mail. */
  readonly mail: MailConfig | undefined;
}

export interface MailConfig {
  readonly host: string;
  readonly port: number;
  /** at once: smtps. asked: STARTTLS, and nothing without it. none: on this machine only. */
  readonly tls: "at once" | "asked" | "none";
  readonly from: string;
  readonly user: string | undefined;
  /** Its first line is the password. */
  readonly passwordFile: string | undefined;
}

const SMTPS_PORT = 465;
const SUBMISSION_PORT = 587;

const mailServer: Reader<Pick<MailConfig, "host" | "port" | "tls">> = (value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && (url.username !== "" || url.password !== ""))
    throw new ConfigError(`the address of ${url.host} holds a credential; use --mail-user and --mail-password FILE`);
  const isSmtps = url?.protocol === "smtps:";
  if (url === undefined || !(isSmtps || url.protocol === "smtp:") || url.hostname === "" || !/^\/?$/.test(url.pathname))
    throw new ConfigError(`"${value}" is no mail server; write it like smtps://mail.example.org or smtp://HOST:587`);
  const host = url.hostname.replaceAll(/^\[|\]$/g, "");
  const isLocal = ["127.0.0.1", "::1", "localhost"].includes(host);
  const tls = isSmtps ? "at once" : isLocal ? "none" : "asked";
  return { host, port: Number(url.port) || (isSmtps ? SMTPS_PORT : SUBMISSION_PORT), tls };
};

const mailbox: Reader<string> = (value) => {
  if (isMailbox(value)) return value;
  throw new ConfigError(`"${value}" is no mailbox; write it like edgemere@example.org`);
};

export const notifierOptions = {
  "notify-for": option("TIME", "How long a notice is tried that is not taken", "24h", duration(MINUTE, 30 * DAY)),
  "keep-notices": option("TIME", "How long notices are kept when they are over", "30d", duration(HOUR, 3_660 * DAY)),
  "webhook-inside": option(
    "CHOICE",
    "on: webhooks may also go to this machine, there without TLS too, and to link-local addresses",
    "off",
    oneOf(["on", "off"]),
  ),
  "mail-server": {
    takes: "URL",
    about: "Mail goes by this server: smtps://HOST, or smtp://HOST:587 with STARTTLS, without TLS only on this machine",
    read: mailServer,
  },
  "mail-from": { takes: "MAILBOX", about: "From whom mail comes", read: mailbox },
  "mail-user": { takes: "NAME", about: "Who signs in at the mail server", read: (value: string) => value },
  "mail-password": { takes: "FILE", about: "The password there is the first line of this file", read: resolve },
} satisfies Options;

export const notifierConfigOf = (values: Values<typeof notifierOptions>): NotifierConfig => ({
  tryFor: values["notify-for"],
  keepFor: values["keep-notices"],
  mayGoInside: values["webhook-inside"] === "on",
  mail: mailOf(values),
});

function mailOf(values: Values<typeof notifierOptions>): MailConfig | undefined {
  const [server, from, user, passwordFile] = [
    values["mail-server"],
    values["mail-from"],
    values["mail-user"],
    values["mail-password"],
  ];
  if (server === undefined) {
    const [useless] = (["mail-from", "mail-user", "mail-password"] as const).filter(
      (each) => values[each] !== undefined,
    );
    if (useless !== undefined) throw new ConfigError(`--${useless} is for nobody without --mail-server URL`);
    return undefined;
  }
  if (from === undefined) throw new ConfigError("--mail-server needs --mail-from MAILBOX: mail comes from somebody");
  if ((user === undefined) !== (passwordFile === undefined))
    throw new ConfigError("--mail-user and --mail-password go together; leave both out where nobody signs in");
  return { ...server, from, user, passwordFile };
}
