import { Button, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { Icon } from "./icon.tsx";

interface Props {
  /** What is searched for now. */
  readonly selector: string;
  readonly onSearch: (text: string) => void;
  /** What is wrong with it. */
  readonly error: string | undefined;
  /** What stands behind the button. */
  readonly children?: ReactNode;
}

/** Picks devices by labels or an expression. To be given the selector as key: another one begins anew. */
export function DeviceSearch({ selector, onSearch, error, children }: Props) {
  const [text, setText] = useState(selector);
  return (
    <form
      role="search"
      className="search"
      onSubmit={(event) => {
        event.preventDefault();
        onSearch(text.trim());
      }}
    >
      <TextInput
        className="grow"
        aria-label="Which devices"
        placeholder='site=berlin, or presence == "online"'
        leftSection={<Icon name="search" />}
        value={text}
        error={error}
        data-search
        spellCheck={false}
        autoCapitalize="none"
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        Search
      </Button>
      {children}
    </form>
  );
}
