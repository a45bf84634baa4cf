import { Anchor, TextInput } from "@mantine/core";
import { useState } from "react";
import { useLocation, useParams } from "wouter";
import { useCatalogue } from "../data/catalogue.ts";
import { covers } from "../data/permission.ts";
import { useSession } from "../data/session.tsx";
import { ActionForm } from "../parts/action-form.tsx";
import { Address } from "../parts/address.tsx";
import { Answer, Empty } from "../parts/answer.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Icon } from "../parts/icon.tsx";
import { Page } from "../parts/page.tsx";
import { State } from "../parts/state.tsx";

const TRAIL = [{ label: "Actions", to: "/actions" }];

/** Everything the control plane can be asked for, also what has no page of its own. */
export function Actions() {
  const { "*": path } = useParams<{ readonly "*"?: string }>();
  const catalogue = useCatalogue();
  return (
    <Answer of={catalogue} lines={8}>
      {({ actions }) => {
        if (path === undefined || path === "") return <List actions={actions} />;
        const action = actions.find((each) => each.path === path);
        return (
          <Page
            title={path}
            trail={TRAIL}
            badge={action && action.effect !== "read" && <State state={action.effect} />}
          >
            {action === undefined ? (
              <Empty title="There is no such action" />
            ) : (
              <ActionForm key={action.path} action={action} />
            )}
          </Page>
        );
      }}
    </Answer>
  );
}

function List({ actions }: { readonly actions: NonNullable<ReturnType<typeof useCatalogue>["data"]>["actions"] }) {
  const { permissions, limited } = useSession();
  const held = [...permissions, ...limited.map((grant) => grant.permission)];
  const [filter, setFilter] = useState("");
  const [, navigate] = useLocation();
  const shown = actions.filter(({ path, summary }) =>
    `${path} ${summary}`.toLowerCase().includes(filter.toLowerCase()),
  );
  const [only] = shown;
  return (
    <Page
      title="Actions"
      actions={
        <>
          <Anchor href="/edgemere/docs" size="sm">
            Reference
          </Anchor>
          <Anchor href="/edgemere/openapi.json" size="sm">
            OpenAPI
          </Anchor>
        </>
      }
    >
      <form
        role="search"
        className="search"
        onSubmit={(event) => {
          event.preventDefault();
          if (only !== undefined && shown.length === 1) navigate(`/actions/${only.path}`);
        }}
      >
        <TextInput
          className="grow"
          aria-label="Only actions that contain"
          placeholder="Only actions with …"
          leftSection={<Icon name="search" />}
          data-search
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
        />
      </form>
      <DataTable
        caption="Actions of the control plane"
        rows={shown}
        keyOf={({ path }) => path}
        linkOf={({ path }) => `/actions/${path}`}
        columns={[
          { title: "Address", cell: ({ path }) => <Address of={path} /> },
          { title: "What it does", cell: ({ summary }) => summary },
          { title: "Effect", isMinor: true, cell: ({ effect }) => effect },
          {
            title: "Permission",
            isMinor: true,
            cell: ({ permission }) =>
              permission === "anyone" || covers(held, permission) ? permission : `${permission} (not yours)`,
          },
        ]}
      />
    </Page>
  );
}
