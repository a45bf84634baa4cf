import { useLocation } from "wouter";
import { useMay } from "../data/session.tsx";
import { ActionDialog } from "./action-dialog.tsx";

/** Makes a data request and goes to its page. */
export function FindData() {
  const [, navigate] = useLocation();
  const may = useMay("data:request");
  return (
    <ActionDialog
      path="diml/find"
      button="Find data"
      title="Find data and hold it ready"
      submit="Make the request"
      isDisabled={!may}
      onDone={({ id }) => navigate(`/data/requests/${encodeURIComponent(id)}`)}
    />
  );
}
