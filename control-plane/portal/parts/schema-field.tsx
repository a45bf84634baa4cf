import {
  Autocomplete,
  MultiSelect,
  NumberInput,
  PasswordInput,
  Select,
  Switch,
  TagsInput,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useRead } from "../data/queries.ts";
import { controlOf, fieldTitle, optionsOf, type Draft, type Schema } from "../data/schema.ts";

interface SchemaFieldProps {
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
  readonly isSecret: boolean;
  readonly draft: Draft | undefined;
  readonly error: string | undefined;
  readonly onChange: (draft: Draft) => void;
}

/** One field of a generated form. */
export function SchemaField({ name, schema, isRequired, isSecret, draft, error, onChange }: SchemaFieldProps) {
  const control = controlOf(schema);
  const shown = schema.default === undefined ? "" : JSON.stringify(schema.default);
  const common = {
    label: fieldTitle(name),
    description: schema.description,
    required: isRequired,
    error,
    ...(schema["x-instant"] === true && { placeholder: "2026-03-01T14:05Z, -24h or now" }),
    ...(shown !== "" && { placeholder: `${shown} when left empty` }),
  };
  const text = typeof draft === "string" ? draft : "";
  const many = Array.isArray(draft) ? [...(draft as readonly string[])] : [];
  if (isSecret && schema.type === "string")
    return (
      <PasswordInput
        {...common}
        autoComplete="off"
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  if (control === "choice")
    return (
      <Select
        {...common}
        data={optionsOf(schema)}
        clearable={!isRequired}
        value={text || null}
        onChange={(chosen) => onChange(chosen ?? "")}
      />
    );
  if (control === "choices")
    return <MultiSelect {...common} data={optionsOf(schema)} value={many} onChange={onChange} />;
  if (control === "list")
    return <TagsInput {...common} splitChars={[]} allowDuplicates value={many} onChange={onChange} />;
  if (control === "flag")
    return (
      <Switch
        label={common.label}
        description={schema.description}
        checked={draft === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    );
  if (control === "number")
    return (
      <NumberInput
        {...common}
        {...(schema.minimum !== undefined && { min: schema.minimum })}
        {...(schema.maximum !== undefined && { max: schema.maximum })}
        allowDecimal={schema.type === "number"}
        value={typeof draft === "number" || typeof draft === "string" ? draft : ""}
        onChange={onChange}
      />
    );
  if (control === "pairs")
    return (
      <Textarea
        {...common}
        placeholder="key=value, one on each line"
        autosize
        minRows={2}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  if (control === "lines")
    return (
      <Textarea
        {...common}
        autosize
        minRows={4}
        maxRows={20}
        className="code-field"
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  if (control === "json")
    return (
      <Textarea
        {...common}
        placeholder="{ } as JSON"
        autosize
        minRows={2}
        className="code-field"
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  if (schema["x-ref"] === "device") return <DeviceField common={common} text={text} onChange={onChange} />;
  return <TextInput {...common} value={text} onChange={(event) => onChange(event.currentTarget.value)} />;
}

/** A device's name; the first of the fleet are offered. */
function DeviceField({
  common,
  text,
  onChange,
}: {
  readonly common: object;
  readonly text: string;
  readonly onChange: (draft: Draft) => void;
}) {
  const devices = useRead("cpl/dm/device/list", { limit: 100 });
  const names = [...new Set(devices.data?.items.map(({ name }) => name))];
  return <Autocomplete {...common} data={names} limit={20} value={text} onChange={onChange} />;
}
