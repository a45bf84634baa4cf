import { Button, Group, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useSearchParams } from "wouter";
import type { Input } from "../../src/faces/client.ts";

type Wanted = Pick<Input<"ia/audit/list">, "actor" | "action" | "object" | "decision" | "from" | "to">;

const TEXTS = [
  ["actor", "Who", "user:alice"],
  ["action", "Action", "ia/token/*"],
  ["object", "About", "device:ID"],
  ["from", "From", "2026-01-31 13:00"],
  ["to", "To", "2026-02-01"],
] as const;
const DECISIONS = ["allowed", "denied", "done"] as const;

/** Which entries are wanted, and the form to say so. The filter stands in the address. */
export function useAuditFilter() {
  const [parameters, setParameters] = useSearchParams();
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>(() => Object.fromEntries(parameters));
  const type = (name: string, text: string) => setTyped({ ...typed, [name]: text });
  const form = (
    <form
      role="search"
      className="search"
      onSubmit={(event) => {
        event.preventDefault();
        setParameters(Object.fromEntries(Object.entries(typed).filter(([, text]) => text.trim() !== "")));
      }}
    >
      <Group align="end" gap="sm">
        {TEXTS.map(([name, label, example]) => (
          <TextInput
            key={name}
            label={label}
            placeholder={example}
            spellCheck={false}
            value={typed[name] ?? ""}
            error={isInstant(name) && instantOf(typed[name] ?? "") === null ? "No date or time" : undefined}
            onChange={(event) => type(name, event.currentTarget.value)}
          />
        ))}
        <Select
          label="Decision"
          placeholder="any"
          clearable
          data={[...DECISIONS]}
          value={typed["decision"] ?? null}
          onChange={(chosen) => type("decision", chosen ?? "")}
        />
        <Button type="submit" variant="default">
          Filter
        </Button>
      </Group>
    </form>
  );
  return { wanted: wantedIn(parameters), form };
}

function wantedIn(parameters: URLSearchParams): Wanted {
  const decision = DECISIONS.find((each) => each === parameters.get("decision"));
  const texts = (["actor", "action", "object"] as const).flatMap((name) => {
    const text = parameters.get(name)?.trim() ?? "";
    return text === "" ? [] : [[name, text]];
  });
  const times = (["from", "to"] as const).flatMap((name) => {
    const at = instantOf(parameters.get(name) ?? "");
    return typeof at === "number" ? [[name, at]] : [];
  });
  return { ...Object.fromEntries([...texts, ...times]), ...(decision !== undefined && { decision }) } as Wanted;
}

const isInstant = (name: string): boolean => name === "from" || name === "to";

/** In the reader's own time zone; undefined for nothing, null for what is no instant. */
function instantOf(text: string): number | undefined | null {
  if (text.trim() === "") return undefined;
  const at = Date.parse(text.includes(":") ? text : `${text} 00:00`);
  return Number.isNaN(at) ? null : at;
}
