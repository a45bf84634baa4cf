import { Button, Group, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { duration } from "../data/format.ts";
import { useWrite } from "../data/queries.ts";
import { fieldErrors } from "../data/refusal.ts";
import type { DeviceRow } from "../data/rows.ts";
import { pairsFrom } from "../data/schema.ts";
import { useMay } from "../data/session.tsx";
import { Failure } from "../parts/answer.tsx";
import { ConfirmByName } from "../parts/confirm-by-name.tsx";
import { Facts } from "../parts/facts.tsx";
import { IdentityDecision } from "../parts/identity-decision.tsx";
import { ExactInstant } from "../parts/instant.tsx";
import { Labels } from "../parts/labels.tsx";
import { Plain } from "../parts/plain.tsx";
import { Release } from "../parts/release.tsx";
import { saved } from "../parts/saved.ts";
import { Section } from "../parts/section.tsx";
import { State } from "../parts/state.tsx";

/** What an operator gives a device and decides about it. */
export const DeviceDetails = ({ device }: { readonly device: DeviceRow }) => (
  <div className="grid two">
    <Stack>
      <Section title="Identity">
        <IdentityDecision device={device} />
        <Facts
          of={[
            ["Id", <code key="id">{device.id}</code>],
            ["State", <State key="state" state={device.state} />],
            ["Enrolled", <ExactInstant key="enrolled" at={device.createdAt} />],
            ["Agent", <Plain key="agent" text={device.agent.version} />],
            ["Can", <Plain key="can" text={device.agent.capabilities.join(", ") || "–"} />],
            ["Last exit", <Plain key="exit" text={device.agent.lastExitReason || "–"} />],
            ["Conditions", <Plain key="conditions" text={device.conditions?.join(", ") || "–"} />],
            ["Clock ahead by", clock(device.agent.clockOffset)],
            ["Speaks", device.speaks === "sparkplug" ? "Sparkplug B, with a password" : "as an agent"],
            ["Certificate", <Plain key="serial" text={device.certificate.serial || "–"} />],
            [
              "Certificate ends",
              device.certificate.notAfter === 0 ? "–" : <ExactInstant key="ends" at={device.certificate.notAfter} />,
            ],
            ["Certificates so far", String(device.speaks ? 0 : Math.max(1, device.identity?.number ?? 0))],
            ["Machine id", <Plain key="machine" text={device.machineId || "–"} />],
          ]}
        />
      </Section>
    </Stack>
    <Stack>
      <Rename key={device.name} device={device} />
      <EditLabels key={device.version} device={device} />
      <Proposed device={device} />
      <Membership device={device} />
    </Stack>
  </div>
);

const clock = (offset: number) => (offset < 0 ? `−${duration(-offset)}` : duration(offset));

function Rename({ device }: { readonly device: DeviceRow }) {
  const [name, setName] = useState(device.name);
  const rename = useWrite("cpl/dm/device/update", () => saved("The device has its new name"));
  const may = useMay("device:write");
  const error = fieldErrors(rename.error)["name"];
  return (
    <Section title="Name">
      <form
        className="search"
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate({ device: device.id, name: name.trim() });
        }}
      >
        <TextInput
          className="grow"
          aria-label="Name"
          value={name}
          disabled={!may}
          error={error}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button
          type="submit"
          variant="default"
          loading={rename.isPending}
          disabled={!may || (name.trim() === device.name && device.isNameProposed !== true)}
        >
          {name.trim() === device.name && device.isNameProposed ? "Confirm" : "Rename"}
        </Button>
      </form>
      {device.isNameProposed && (
        <Text size="sm" c="dimmed">
          Its host chose this name: rights that go by names do not count it until it is confirmed.
        </Text>
      )}
      {rename.isError && error === undefined && <Failure error={rename.error} />}
    </Section>
  );
}

function EditLabels({ device }: { readonly device: DeviceRow }) {
  const before = Object.entries(device.labels)
    .map(([key, value]) => `${key}=${value}`)
    .join("\n");
  const [text, setText] = useState(before);
  const [mistake, setMistake] = useState<string | undefined>(undefined);
  const label = useWrite("cpl/dm/device/label", () => saved("The labels are saved"));
  const may = useMay("device:write");
  const save = () => {
    try {
      const set = pairsFrom(text);
      setMistake(undefined);
      label.mutate({ device: device.id, set, remove: Object.keys(device.labels).filter((key) => !(key in set)) });
    } catch (error) {
      setMistake(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Section title="Labels">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <Textarea
          aria-label="Labels"
          description="key=value, one on each line; searches and rights go by them"
          autosize
          minRows={3}
          className="code-field"
          spellCheck={false}
          value={text}
          disabled={!may}
          error={mistake}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" mt="sm" variant="default" loading={label.isPending} disabled={!may || text === before}>
          Save labels
        </Button>
      </form>
      {label.isError && <Failure error={label.error} />}
    </Section>
  );
}

/** Labels that count for nothing until somebody has decided about them. */
function Proposed({ device }: { readonly device: DeviceRow }) {
  const label = useWrite("cpl/dm/device/label", () => saved("The labels are decided"));
  const may = useMay("device:write");
  const proposed = device.proposedLabels ?? {};
  const keys = Object.keys(proposed);
  if (keys.length === 0) return null;
  const refuse = () => {
    const set = Object.fromEntries(Object.entries(device.labels).filter(([key]) => keys.includes(key)));
    label.mutate({ device: device.id, set, remove: keys.filter((key) => !(key in set)) });
  };
  return (
    <Section title="Labels that its host proposes">
      <Labels of={proposed} />
      <Group mt="sm">
        <Button
          variant="default"
          disabled={!may}
          loading={label.isPending}
          onClick={() => label.mutate({ device: device.id, accept: keys })}
        >
          Accept
        </Button>
        <Button variant="default" disabled={!may} loading={label.isPending} onClick={refuse}>
          Refuse
        </Button>
      </Group>
      {label.isError && <Failure error={label.error} />}
    </Section>
  );
}

function Membership({ device }: { readonly device: DeviceRow }) {
  const quarantine = useWrite("cpl/dm/device/quarantine", () => saved("The device is in quarantine"));
  const retire = useWrite("cpl/dm/device/retire", () => saved("The device is retired"));
  const mayWrite = useMay("device:write");
  const mayRetire = useMay("device:retire");
  const names = [device.name, device.id];
  if (device.state === "retired")
    return (
      <Section title="Membership">
        <Text size="sm">This device is retired. To manage the host again, enrol it anew.</Text>
      </Section>
    );
  return (
    <Section title="Membership">
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          In quarantine a device stays connected and is given no commands. Retiring ends its membership for ever.
        </Text>
        <Group>
          {device.state === "quarantined" ? (
            <Release device={device} />
          ) : (
            <ConfirmByName
              button="Quarantine"
              title="Put the device in quarantine"
              consequence="It gets no commands until it is released."
              names={names}
              isDisabled={!mayWrite || device.state !== "active"}
              onConfirm={() => quarantine.mutate({ device: device.id })}
            />
          )}
          <ConfirmByName
            button="Retire"
            title="Retire the device"
            consequence="It is disconnected for ever, its open commands are lost, and its certificate is refused. This cannot be undone."
            names={names}
            isDisabled={!mayRetire}
            onConfirm={() => retire.mutate({ device: device.id })}
          />
        </Group>
        {[quarantine, retire].map(({ error }, place) => error && <Failure key={place} error={error} />)}
      </Stack>
    </Section>
  );
}
