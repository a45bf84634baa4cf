import { useParams } from "wouter";
import { useMay } from "../data/session.tsx";
import { Empty } from "../parts/answer.tsx";
import { Page } from "../parts/page.tsx";
import { RoutedTabs } from "../parts/tabs.tsx";
import { ApiTokens } from "./access-api-tokens.tsx";
import { Audit } from "./access-audit.tsx";
import { EnrolmentTokens } from "./access-enrolment-tokens.tsx";
import { FleetCheck } from "./access-fleet.tsx";
import { Users } from "./access-users.tsx";

/** Who may do what, and who did. */
export function Access() {
  const { tab } = useParams();
  const may = {
    tokens: useMay("identity:token"),
    enrolment: useMay("enrol:create"),
    users: useMay("identity:user"),
    audit: useMay("audit:read"),
    fleet: useMay("audit:read"),
  };
  const tabs = [
    { id: "tokens", title: "API tokens", content: () => <ApiTokens /> },
    { id: "enrolment", title: "Enrolment tokens", content: () => <EnrolmentTokens /> },
    { id: "users", title: "Users", content: () => <Users /> },
    { id: "audit", title: "Audit log", content: () => <Audit /> },
    { id: "fleet", title: "Fleet check", content: () => <FleetCheck /> },
  ].filter(({ id }) => may[id as keyof typeof may]);
  return (
    <Page title="Access">
      {tabs.length === 0 ? (
        <Empty title="Nothing here is for your account">
          Tokens, users and the audit log need the role security or owner.
        </Empty>
      ) : (
        <RoutedTabs label="Access" base="/access" chosen={tab} tabs={tabs} />
      )}
    </Page>
  );
}
