import { Button } from "@mantine/core";
import { useState } from "react";
import { useLocation } from "wouter";
import { useCatalogue } from "../data/catalogue.ts";
import { useWrite } from "../data/queries.ts";
import { useMay } from "../data/session.tsx";
import { Answer } from "./answer.tsx";
import { Dialog } from "./dialog.tsx";
import { Icon } from "./icon.tsx";
import { SchemaForm } from "./schema-form.tsx";

/** Makes a data request and goes to its page. */
export function FindData() {
  const [isOpen, setOpen] = useState(false);
  const [, navigate] = useLocation();
  const catalogue = useCatalogue();
  const find = useWrite("diml/find", ({ id }) => {
    setOpen(false);
    navigate(`/data/requests/${encodeURIComponent(id)}`);
  });
  const may = useMay("data:request");
  return (
    <>
      <Button leftSection={<Icon name="plus" />} disabled={!may} onClick={() => setOpen(true)}>
        Find data
      </Button>
      <Dialog title="Find data and hold it ready" isOpen={isOpen} onClose={() => setOpen(false)}>
        <Answer of={catalogue}>
          {({ actions }) => (
            <SchemaForm
              schema={actions.find(({ path }) => path === "diml/find")?.input ?? {}}
              submit="Make the request"
              isPending={find.isPending}
              error={find.error}
              onSubmit={(input) => find.mutate(input as { query: string })}
            />
          )}
        </Answer>
      </Dialog>
    </>
  );
}
