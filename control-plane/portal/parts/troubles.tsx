import { Alert } from "@mantine/core";
import { explainCondition } from "../data/conditions.ts";
import type { DeviceRow } from "../data/rows.ts";
import { Plain } from "./plain.tsx";
import { Release } from "./release.tsx";

/** What an operator must know before anything else: why a device is not trusted, and what is wrong with it. */
export function Troubles({ device }: { readonly device: DeviceRow }) {
  const { state, quarantineReason = "", conditions = [], presence } = device;
  return (
    <>
      {state === "quarantined" && (
        <Alert color="red" variant="light" title="In quarantine: it is given no commands">
          <p className="trouble">
            Why: <Plain text={quarantineReason || "no reason was given"} />. What it sends is stored.
          </p>
          <Release device={device} />
        </Alert>
      )}
      {(presence === "flapping" || conditions.length > 0) && (
        <Alert color="yellow" variant="light" title="Something is wrong with this device">
          {presence === "flapping" && (
            <p className="trouble">
              <strong>flapping</strong>: it came and went more than five times in ten minutes
            </p>
          )}
          {conditions.map((each) => (
            <p key={each} className="trouble">
              <strong>
                <Plain text={each} />
              </strong>
              {explainCondition(each) !== "" && `: ${explainCondition(each)}`}
            </p>
          ))}
        </Alert>
      )}
    </>
  );
}
