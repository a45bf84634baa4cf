import { Button, Group, Stack } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { matterOf } from "../data/alerts.ts";
import { fieldErrors } from "../data/refusal.ts";
import { inputFrom, type Draft, type Schema } from "../data/schema.ts";
import { Failure } from "./answer.tsx";
import { AdmissionDryRun, type TriedAdmission } from "./admission-dry-run.tsx";
import { ConditionField } from "./condition-field.tsx";
import { DryRun } from "./dry-run.tsx";
import { SchemaField } from "./schema-field.tsx";
import { Section } from "./section.tsx";

interface Props {
  /** Of the action that saves it. */
  readonly schema: Schema;
  readonly condition?: string;
  readonly initial?: Readonly<Record<string, Draft>>;
  readonly submit: string;
  readonly isDisabled?: boolean;
  readonly isPending: boolean;
  readonly error: unknown;
  /** What stands beside the form, below where it would have fired. */
  readonly children?: ReactNode;
  readonly onSubmit: (input: Record<string, unknown> & { readonly condition: string }) => void;
}

/** What a policy says, with what is wrong with it and where it would have fired before it is saved. */
export function PolicyForm(props: Props) {
  const { schema, initial = {}, submit, isDisabled = false, isPending, error, onSubmit } = props;
  const [condition, setCondition] = useState(props.condition ?? "");
  const [drafts, setDrafts] = useState(initial);
  const [mistakes, setMistakes] = useState<Readonly<Record<string, string>>>({});
  const { condition: _, policy: __, ...properties } = schema.properties ?? {};
  const fields: Schema = {
    ...schema,
    properties,
    required: (schema.required ?? []).filter((each) => each in properties),
  };
  const refused = fieldErrors(error);
  const isAtField = Object.keys(properties).some((name) => refused[name] !== undefined);
  const read = (): Record<string, unknown> | undefined => {
    const made = inputFrom(fields, drafts);
    setMistakes(made.mistakes);
    return Object.keys(made.mistakes).length === 0 ? made.input : undefined;
  };
  const draftWith = (...names: readonly string[]) => {
    const said = condition.trim() === "" ? undefined : read();
    if (said === undefined) return undefined;
    const given = Object.entries(said).filter(([name]) => names.includes(name));
    return { ...Object.fromEntries(given), condition: condition.trim() };
  };
  return (
    <div className="grid two">
      <Section title="What it says">
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            const input = read();
            if (input !== undefined) onSubmit({ ...input, condition: condition.trim() });
          }}
        >
          <Stack gap="sm">
            <ConditionField value={condition} about={matterOf(drafts)} onChange={setCondition} />
            {Object.entries(properties).map(([name, field]) => (
              <SchemaField
                key={name}
                name={name}
                schema={field}
                isRequired={fields.required?.includes(name) ?? false}
                isSecret={false}
                draft={drafts[name]}
                error={mistakes[name] ?? refused[name]}
                onChange={(draft) => setDrafts({ ...drafts, [name]: draft })}
              />
            ))}
            {error !== null && error !== undefined && !isAtField && <Failure error={error} />}
            <Group>
              <Button type="submit" loading={isPending} disabled={isDisabled || condition.trim() === ""}>
                {submit}
              </Button>
            </Group>
          </Stack>
        </form>
      </Section>
      <Stack>
        {matterOf(drafts) === "action" ? (
          <AdmissionDryRun asked={() => draftWith("selector", "schedule", "admission") as TriedAdmission | undefined} />
        ) : (
          <DryRun asked={() => draftWith("selector", "per", "for", "keepFiringFor", "freshFor", "noData")} />
        )}
        {props.children}
      </Stack>
    </div>
  );
}
