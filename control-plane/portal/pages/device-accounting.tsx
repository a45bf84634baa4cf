import { Stack, Text } from "@mantine/core";
import type { Output } from "../../src/faces/client.ts";
import { bytes, counted } from "../data/format.ts";
import { explainGap } from "../data/gaps.ts";
import { useRead } from "../data/queries.ts";
import { explainRefusal } from "../data/refusals.ts";
import { Answer } from "../parts/answer.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Instant } from "../parts/instant.tsx";
import { Plain } from "../parts/plain.tsx";
import { Section } from "../parts/section.tsx";

type Accounts = Output<"cpl/dm/device/accounting">;

const count = (value: number | undefined) => value?.toLocaleString() ?? "–";

/** What has become of every record the device produced. */
export function Accounting({ device }: { readonly device: string }) {
  const accounts = useRead("cpl/dm/device/accounting", { device }, { every: 10_000 });
  return (
    <Answer of={accounts}>
      {(found) => (
        <>
          <Records of={found} />
          <div className="grid two">
            <Losses of={found.losses} />
            <Refused of={found} />
          </div>
          <SetAside of={found.setAside} />
        </>
      )}
    </Answer>
  );
}

const Records = ({ of: { saidAt, streams } }: { readonly of: Accounts }) => {
  const missing = streams.reduce((sum, each) => sum + each.missing, 0);
  return (
    <Section title="Records">
      <Stack gap="sm">
        <Text size="sm" fw={600} className="verdict" data-tone={missing === 0 ? "good" : "bad"}>
          {missing === 0
            ? "Every record is accounted for."
            : `${counted(missing, "record")} can be explained by nobody: that is a fault of ours, please report it.`}
        </Text>
        <DataTable
          caption="Records of the device, by stream"
          rows={streams}
          keyOf={({ stream }) => stream}
          columns={[
            { title: "Stream", cell: ({ stream }) => stream },
            { title: "Produced", align: "right", isMinor: "slightly", cell: ({ produced }) => count(produced) },
            { title: "Received", align: "right", cell: ({ received }) => count(received) },
            { title: "Lost", align: "right", cell: ({ explained }) => count(explained) },
            { title: "On the device", align: "right", isMinor: "slightly", cell: ({ waiting }) => count(waiting) },
            { title: "Missing", align: "right", cell: ({ missing }) => count(missing) },
          ]}
        />
        <Text size="sm" c="dimmed">
          Received + lost + on the device = produced.{" "}
          {saidAt === undefined ? (
            "The device has not said yet how many it has produced."
          ) : (
            <>
              How many it has produced it said <Instant at={saidAt} />.
            </>
          )}
        </Text>
      </Stack>
    </Section>
  );
};

const Losses = ({ of: losses }: { readonly of: Accounts["losses"] }) => (
  <Section title="Why records were lost">
    {losses.length === 0 ? (
      <Text size="sm">None was.</Text>
    ) : (
      <DataTable
        caption="Lost records, by reason"
        rows={losses}
        keyOf={({ stream, reason }) => `${stream} ${reason}`}
        columns={[
          { title: "Stream", cell: ({ stream }) => stream },
          { title: "Records", align: "right", cell: ({ records }) => count(records) },
          { title: "Why", cell: ({ reason }) => <Plain text={explainGap(reason)} /> },
        ]}
      />
    )}
  </Section>
);

/** Single records keep their evidence; whole messages are only counted. */
const Refused = ({ of: { refused, refusals } }: { readonly of: Accounts }) => {
  const whole = Object.entries(refusals);
  return (
    <Section title="What was refused">
      {refused.length + whole.length === 0 && <Text size="sm">Nothing was.</Text>}
      {refused.length > 0 && (
        <DataTable
          caption="Records that were refused"
          rows={refused}
          keyOf={({ stream, sequence }) => `${stream} ${sequence}`}
          columns={[
            { title: "When", cell: ({ at }) => <Instant at={at} /> },
            { title: "Record", cell: ({ stream, sequence }) => `${stream} ${count(sequence)}` },
            {
              title: "Why",
              cell: ({ reason, detail }) => <Plain text={`${explainRefusal(reason)}: ${detail}`} />,
            },
          ]}
        />
      )}
      {whole.length > 0 && (
        <Text size="sm" c="dimmed" mt="sm">
          Since the control plane started:
        </Text>
      )}
      {whole.map(([reason, times]) => (
        <Text key={reason} size="sm">
          {counted(times, "refusal")}: <Plain text={explainRefusal(reason)} />
        </Text>
      ))}
    </Section>
  );
};

/** The fault is ours: it is said only where there is one, and where what is left of the records can be had. */
const SetAside = ({ of: records }: { readonly of: Accounts["setAside"] }) =>
  records.length > 0 && (
    <Section title="What the control plane failed on">
      <Text size="sm" c="dimmed" mb="sm">
        Sound records that were set aside after ten minutes of trying, so that those behind them could be stored. Please
        report it. Their content is kept for as long as events are: <code>edgemere device accounting</code> gives it.
      </Text>
      <DataTable
        caption="Records that were set aside"
        rows={records}
        keyOf={({ stream, sequence }) => `${stream} ${sequence}`}
        columns={[
          { title: "When", cell: ({ at }) => <Instant at={at} /> },
          { title: "Record", cell: ({ stream, sequence }) => `${stream} ${count(sequence)}` },
          { title: "Size", align: "right", isMinor: "slightly", cell: (each) => bytes(each.bytes) },
          { title: "Error", cell: ({ error }) => <Plain text={error} /> },
        ]}
      />
    </Section>
  );
