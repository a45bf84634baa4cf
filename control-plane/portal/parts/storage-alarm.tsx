import { Alert, Anchor, Text } from "@mantine/core";
import { Link, useLocation } from "wouter";
import { bytes } from "../data/format.ts";
import { useStorage } from "../data/queries.ts";
import type { Storage } from "../data/rows.ts";
import { Instant } from "./instant.tsx";

const TITLES: Readonly<Record<string, string>> = {
  low: "The control plane’s disk fills up",
  readonly: "The control plane is read-only",
};

/** Over every page, as long as the disk under the control plane is not as it should be. */
export function StorageAlarm() {
  const { data } = useStorage();
  const title = data && TITLES[data.state];
  return title ? <Alarm storage={data} title={title} /> : null;
}

function Alarm({ storage, title }: { readonly storage: Storage; readonly title: string }) {
  const [location] = useLocation();
  const { state, since, freeBytes, totalBytes, readonlyBelow, advice } = storage;
  const isReadOnly = state === "readonly";
  return (
    <Alert
      className="storage-alarm"
      color={isReadOnly ? "red" : "yellow"}
      title={title}
      role={isReadOnly ? "alert" : "status"}
    >
      {advice !== undefined && <Text size="sm">{advice}.</Text>}
      <Text size="sm">
        {bytes(freeBytes)} of {bytes(totalBytes)} are free.{" "}
        {isReadOnly ? "Needed are more than" : "Nothing new is stored below"} {bytes(readonlyBelow)}.
        {since !== undefined && (
          <>
            {" "}
            This began <Instant at={since} />.
          </>
        )}
      </Text>
      {location !== "/operations" && (
        <Anchor component={Link} href="/operations" size="sm">
          Storage and backups
        </Anchor>
      )}
    </Alert>
  );
}
