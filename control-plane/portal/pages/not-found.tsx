import { Anchor } from "@mantine/core";
import { Link, useLocation } from "wouter";
import { visible } from "../data/hostile-text.ts";
import { Empty } from "../parts/answer.tsx";
import { Page } from "../parts/page.tsx";

export function NotFound() {
  const [location] = useLocation();
  return (
    <Page title="No such page">
      <Empty title="There is nothing at this address">
        <code>{visible(location)}</code> leads nowhere. Go to the{" "}
        <Anchor component={Link} href="/" underline="always">
          overview
        </Anchor>
        .
      </Empty>
    </Page>
  );
}
