import { limits } from "@edgemere/protocol";
import { ConfigError } from "@edgemere/protocol/config";
import type { PingedHost, ProbeTarget } from "../host/host.ts";

/** A target as somebody wrote it, which is also what its series are called. */
export interface NamedTarget {
  readonly text: string;
  readonly target: ProbeTarget | PingedHost;
}

const HOST = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const ADDRESS = /^[0-9A-Fa-f:.]+$/;

/** `tcp://host:port`, `http://…`, `https://…`, `dns:name`, `dns:name@server` or `icmp:host`. Throws ConfigError. */
export function probeTarget(text: string): NamedTarget {
  if (text.length > limits.nameLength) throw new ConfigError(`has more than ${limits.nameLength} characters`);
  if (text.startsWith("dns:")) return { text, target: dnsTarget(text) };
  if (text.startsWith("icmp:")) return { text, target: icmpTarget(text) };
  const url = urlOf(text);
  if (
    url?.protocol === "tcp:" &&
    url.hostname !== "" &&
    url.port !== "" &&
    /^\/?$/.test(url.pathname + url.search + url.hash)
  )
    return { text, target: { kind: "tcp", host: url.hostname.replaceAll(/^\[|\]$/g, ""), port: Number(url.port) } };
  if (url !== undefined && isWeb(url)) return { text, target: { kind: "http", url: url.href } };
  throw new ConfigError(
    `"${text}" is none of tcp://host:port, http://…, https://…, dns:name, dns:name@server, icmp:host`,
  );
}

/** Whether it is an address of the web; throws ConfigError when it holds a secret, which would stand in every message about it. */
export function isWeb(url: URL): boolean {
  if (url.username !== "" || url.password !== "") throw new ConfigError("an address may hold no user and no password");
  return url.protocol === "http:" || url.protocol === "https:";
}

export function urlOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function icmpTarget(text: string): PingedHost {
  const host = text.slice("icmp:".length);
  if (!HOST.test(host) && !ADDRESS.test(host)) throw new ConfigError(`"${text}" is not written as icmp:host`);
  return { kind: "icmp", host };
}

function dnsTarget(text: string): ProbeTarget {
  const [name = "", server, ...more] = text.slice("dns:".length).split("@");
  const isUsable = HOST.test(name) && (server === undefined || ADDRESS.test(server)) && more.length === 0;
  if (!isUsable) throw new ConfigError(`"${text}" is not written as dns:name or dns:name@address`);
  return { kind: "dns", name, ...(server !== undefined && { server }) };
}
