import { readFile } from "node:fs/promises";
import { HostError } from "../host.ts";

/** A user of this machine, as its password file has them. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** The user of a name in the text of a password file (passwd(5)); undefined when there is none. */
export function userIn(text: string, name: string): User | undefined {
  for (const line of text.split("\n")) {
    const [each, , uid, gid, , home] = line.split(":");
    if (each !== name || uid === undefined || gid === undefined || !/^\d+$/.test(uid) || !/^\d+$/.test(gid)) continue;
    return { name, uid: Number(uid), gid: Number(gid), home: home || "/" };
  }
  return undefined;
}

/** A user that this process may run programs as: root as any, everybody else as themselves. Throws HostError. */
export async function userToRunAs(name: string): Promise<User> {
  const user = userIn(await readFile("/etc/passwd", "utf8").catch(() => ""), name);
  if (user === undefined) throw new HostError("not-found", `there is no user ${name} in /etc/passwd of this device`);
  const own = process.geteuid?.();
  if (own !== 0 && own !== user.uid)
    throw new HostError(
      "not-allowed",
      `the agent runs as user ${own ?? "unknown"} and cannot run programs as ${name}: only root's can`,
    );
  return user;
}
