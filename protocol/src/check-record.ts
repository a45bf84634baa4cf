import { checkEnvelope } from "./check-envelope.ts";
import { atMost, finite, id, instant, name, safe, text } from "./check-values.ts";
import { isFinalPhase, phaseNames } from "./command-life.ts";
import { limits } from "./limits.ts";
import type {
  CommandOutput,
  CommandReport,
  DataSourceReport,
  Gap,
  InventoryReport,
  Record_,
  SignedEnvelope,
  TelemetryBatch,
  AgentEvent,
  v1,
} from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import { streams, type RecordBodyName, type StreamName } from "./streams.ts";
import { checkTelemetry } from "./telemetry-columns.ts";

/** Checks one record and gives the last sequence number it stands for (a gap stands for many). */
export function checkRecord(stream: StreamName, record: v1.Record.$Shape): number {
  const { sequence, atMs, body } = record as Record_;
  if (safe("records.sequence", sequence) === 0)
    throw new ProtocolError("missing-field", "records.sequence is 0; sequences start at 1");
  instant("records.at_ms", atMs);
  if (body === undefined) throw new ProtocolError("missing-field", "records.body is empty");
  if (!(streams[stream].bodies as readonly RecordBodyName[]).includes(body)) {
    throw new ProtocolError("wrong-body", `stream ${stream} does not carry ${body}`);
  }
  const content = (record as unknown as Record<string, unknown>)[body];
  checks[body](content as never);
  if (body !== "gap") return sequence;
  const { upTo } = content as Gap;
  if (upTo < sequence)
    throw new ProtocolError("out-of-range", `gap.up_to is ${upTo}, below its own sequence ${sequence}`);
  return upTo;
}

const checks: { readonly [B in RecordBodyName]: (content: never) => void } = {
  gap: (gap: Gap) => {
    safe("gap.up_to", gap.upTo);
    safe("gap.records", gap.records);
    safe("gap.bytes", gap.bytes);
    name("gap.reason", gap.reason);
    instant("gap.from_ms", gap.fromMs);
    instant("gap.to_ms", gap.toMs);
  },
  telemetry: (batch: TelemetryBatch) => checkTelemetry(batch),
  commandReport: (report: CommandReport) => {
    id("command_report.command", report.command);
    if (!Object.hasOwn(phaseNames, report.phase))
      throw new ProtocolError("out-of-range", `command_report.phase ${report.phase} is unknown`);
    text("command_report.reason", report.reason, 64);
    text("command_report.detail", report.detail);
    instant("command_report.started_at_ms", report.startedAtMs);
    instant("command_report.finished_at_ms", report.finishedAtMs);
    if (isFinalPhase(report.phase) && report.finishedAtMs === 0)
      throw new ProtocolError("missing-field", "command_report.finished_at_ms is 0");
    if (report.ping) finite("command_report.ping.uptime_seconds", report.ping.uptimeSeconds ?? 0);
    if (report.exec) {
      text("command_report.exec.signal", report.exec.signal ?? "", 64);
      safe("command_report.exec.output_bytes", report.exec.outputBytes ?? 0);
      safe("command_report.exec.dropped_bytes", report.exec.droppedBytes ?? 0);
    }
    if (report.serviceStatus) {
      const { name, manager, state, detail } = report.serviceStatus;
      for (const word of [name, manager, state]) text("command_report.service_status", word ?? "", limits.nameLength);
      text("command_report.service_status.detail", detail ?? "");
    }
    if (report.serviceRestart) {
      const { name, manager } = report.serviceRestart;
      for (const word of [name, manager]) text("command_report.service_restart", word ?? "", limits.nameLength);
    }
    if (report.reboot) {
      const { before, after } = report.reboot;
      for (const boot of [before, after]) text("command_report.reboot", boot ?? "", 128);
    }
  },
  signedReport: (envelope: SignedEnvelope) => checkEnvelope("signed_report", envelope),
  commandOutput: (output: CommandOutput) => {
    id("command_output.command", output.command);
    if (output.channel !== "stdout" && output.channel !== "stderr") {
      throw new ProtocolError("out-of-range", `command_output.channel must be stdout or stderr`);
    }
    safe("command_output.offset", output.offset);
  },
  inventory: (report: InventoryReport) => {
    atMost("inventory.facts", report.facts, limits.facts);
    for (const fact of report.facts) {
      name("inventory.facts.name", fact.name ?? "");
      if (fact.value === undefined) throw new ProtocolError("missing-field", "inventory.facts.value is empty");
      if (fact.value === "text") text("inventory.facts.text", fact.text);
      if (fact.value === "number") finite("inventory.facts.number", fact.number);
    }
  },
  dataSource: (report: DataSourceReport) => {
    name("data_source.name", report.name);
    text("data_source.path", report.path);
    text("data_source.failure", report.failure);
    safe("data_source.total_bytes", report.totalBytes);
    safe("data_source.free_bytes", report.freeBytes);
    atMost("data_source.items", report.items, limits.dataItems);
    id("data_source.report", report.report);
    if (report.part >= Math.max(1, report.parts))
      throw new ProtocolError("out-of-range", "data_source.part is not below parts");
    for (const item of report.items) {
      if (!item.name) throw new ProtocolError("missing-field", "data_source.items.name is empty");
      text("data_source.items.name", item.name);
      safe("data_source.items.bytes", item.bytes ?? 0);
      instant("data_source.items.modified_at_ms", item.modifiedAtMs ?? 0);
      if (item.hash?.length !== 32)
        throw new ProtocolError("out-of-range", "data_source.items.hash must have 32 bytes");
    }
    atMost("data_source.tags", Object.keys(report.tags), 64);
    for (const [key, value] of Object.entries(report.tags)) {
      name("data_source.tags", key);
      text("data_source.tags", value, limits.nameLength);
    }
  },
  agentEvent: (event: AgentEvent) => {
    name("agent_event.name", event.name);
    text("agent_event.detail", event.detail);
  },
};
