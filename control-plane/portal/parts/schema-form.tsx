import { Button, Group, Stack, Text } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { fieldErrors } from "../data/refusal.ts";
import { inputFrom, type Draft, type Schema } from "../data/schema.ts";
import { Failure } from "./answer.tsx";
import { SchemaField } from "./schema-field.tsx";

interface SchemaFormProps {
  readonly schema: Schema;
  readonly secrets?: readonly string[];
  readonly initial?: Readonly<Record<string, Draft>>;
  readonly submit: string;
  readonly isDangerous?: boolean;
  readonly isPending: boolean;
  readonly error: unknown;
  readonly onSubmit: (input: Record<string, unknown>) => void;
  readonly children?: ReactNode;
}

/** A form made from the schema of an input. The control plane judges; its words stand at the fields. */
export function SchemaForm(props: SchemaFormProps) {
  const {
    schema,
    secrets = [],
    initial = {},
    submit,
    isDangerous = false,
    isPending,
    error,
    onSubmit,
    children,
  } = props;
  const [drafts, setDrafts] = useState<Readonly<Record<string, Draft>>>(initial);
  const [mistakes, setMistakes] = useState<Readonly<Record<string, string>>>({});
  const fields = Object.entries(schema.properties ?? {});
  const refused = fieldErrors(error);
  const isAtField = fields.some(([name]) => refused[name] !== undefined);
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const made = inputFrom(schema, drafts);
        setMistakes(made.mistakes);
        if (Object.keys(made.mistakes).length === 0) onSubmit(made.input);
      }}
    >
      <Stack gap="sm">
        {fields.length === 0 && (
          <Text size="sm" c="dimmed">
            It takes no input.
          </Text>
        )}
        {fields.map(([name, field]) => (
          <SchemaField
            key={name}
            name={name}
            schema={field}
            isRequired={schema.required?.includes(name) ?? false}
            isSecret={secrets.includes(name)}
            draft={drafts[name]}
            error={mistakes[name] ?? refused[name]}
            onChange={(draft) => setDrafts({ ...drafts, [name]: draft })}
          />
        ))}
        {children}
        {error !== null && error !== undefined && !isAtField && <Failure error={error} />}
        <Group>
          <Button type="submit" loading={isPending} {...(isDangerous && { color: "red" })}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
