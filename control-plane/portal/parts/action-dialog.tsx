import { Button } from "@mantine/core";
import { useState } from "react";
import type { Output, Path } from "../../src/faces/client.ts";
import { useCatalogue } from "../data/catalogue.ts";
import { useWrite } from "../data/queries.ts";
import type { Draft } from "../data/schema.ts";
import { Answer } from "./answer.tsx";
import { Dialog } from "./dialog.tsx";
import { Icon } from "./icon.tsx";
import { SchemaForm } from "./schema-form.tsx";

/** A button that opens the form of an action in a window, and what is asked when the form is sent. */
export function ActionDialog<P extends Path>({
  path,
  button,
  title,
  submit,
  given = {},
  initial,
  emptied = {},
  isEdit = false,
  isDisabled = false,
  onDone,
}: {
  readonly path: P;
  readonly button: string;
  readonly title: string;
  readonly submit: string;
  /** What is not asked for. */
  readonly given?: Readonly<Record<string, unknown>>;
  readonly initial?: Readonly<Record<string, Draft>>;
  /** What an emptied field means. */
  readonly emptied?: Readonly<Record<string, unknown>>;
  /** It changes what stands in the same row of a table, where the title must tell one from the other. */
  readonly isEdit?: boolean;
  readonly isDisabled?: boolean;
  readonly onDone?: (output: Output<P>) => void;
}) {
  const [isOpen, setOpen] = useState(false);
  const catalogue = useCatalogue();
  const write = useWrite(path, (output) => {
    setOpen(false);
    onDone?.(output);
  });
  return (
    <>
      <Button
        disabled={isDisabled}
        onClick={() => {
          write.reset();
          setOpen(true);
        }}
        {...(isEdit
          ? { size: "compact-xs", variant: "default", "aria-label": title }
          : { leftSection: <Icon name="plus" /> })}
      >
        {button}
      </Button>
      <Dialog title={title} isOpen={isOpen} onClose={() => setOpen(false)}>
        <Answer of={catalogue}>
          {({ actions }) => {
            const { properties = {}, ...schema } = actions.find((each) => each.path === path)?.input ?? {};
            const asked = Object.entries(properties).filter(([name]) => !(name in given));
            return (
              <SchemaForm
                schema={{ ...schema, properties: Object.fromEntries(asked) }}
                {...(initial && { initial })}
                submit={submit}
                isPending={write.isPending}
                error={write.error}
                onSubmit={(input) => write.mutate({ ...emptied, ...input, ...given })}
              />
            );
          }}
        </Answer>
      </Dialog>
    </>
  );
}
