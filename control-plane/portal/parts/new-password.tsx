import { PasswordInput } from "@mantine/core";
import { useState } from "react";

interface Typed {
  readonly value: string;
  readonly again: string;
}
const nothing: Typed = { value: "", again: "" };

interface NewPassword extends Typed {
  readonly isRepeated: boolean;
  /** What was typed the second time is another. */
  readonly differs: boolean;
  readonly set: (typed: Typed) => void;
  readonly clear: () => void;
}

/** A password that is typed twice, since nobody can read what they typed. */
export function useNewPassword(): NewPassword {
  const [typed, set] = useState(nothing);
  const isRepeated = typed.again === typed.value;
  return { ...typed, isRepeated, differs: typed.again !== "" && !isRepeated, set, clear: () => set(nothing) };
}

interface Props {
  readonly of: NewPassword;
  readonly label: string;
  readonly name: string;
  /** What the control plane found wrong with it. */
  readonly error: string | undefined;
}

/** The two fields, under each other. */
export function NewPasswordFields({ of: { value, again, differs, set }, label, name, error }: Props) {
  return (
    <>
      <PasswordInput
        label={label}
        description="At least 12 characters"
        name={name}
        autoComplete="new-password"
        minLength={12}
        required
        value={value}
        error={error}
        onChange={(event) => set({ value: event.currentTarget.value, again })}
      />
      <PasswordInput
        label={`${label} again`}
        name={`${name}-again`}
        autoComplete="new-password"
        required
        value={again}
        error={differs ? "The two passwords differ" : undefined}
        onChange={(event) => set({ value, again: event.currentTarget.value })}
      />
    </>
  );
}
