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
  PolicyReport,
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

function checkPackages({ changes = [], held = [], outputBytes, droppedBytes }: v1.PackageResult.$Shape): void {
  atMost("command_report.package.changes", changes, limits.packageChanges);
  for (const { name: changed, before, after } of changes)
    for (const word of [changed, before, after]) text("command_report.package.changes", word ?? "", limits.nameLength);
  atMost("command_report.package.held", held, limits.packageChanges);
  for (const each of held) text("command_report.package.held", each, limits.nameLength);
  safe("command_report.package.output_bytes", outputBytes ?? 0);
  safe("command_report.package.dropped_bytes", droppedBytes ?? 0);
}

function checkTags(where: string, tags: Readonly<Record<string, string>>, most: number): void {
  const all = Object.entries(tags);
  atMost(where, all, most);
  for (const [key, value] of all) {
    name(where, key);
    text(where, value, limits.nameLength);
  }
}

/** How an alert that a device decides about may stand. */
export const policyStates = ["pending", "firing", "recovering", "resolved"] as const;

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
    for (const [field, ended] of [["exec", report.exec] as const, ["script", report.script] as const]) {
      if (!ended) continue;
      text(`command_report.${field}.signal`, ended.signal ?? "", 64);
      safe(`command_report.${field}.output_bytes`, ended.outputBytes ?? 0);
      safe(`command_report.${field}.dropped_bytes`, ended.droppedBytes ?? 0);
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
    for (const changed of [report.serviceStart, report.serviceStop, report.serviceReload]) {
      if (!changed) continue;
      const { name, manager, state, detail } = changed;
      for (const word of [name, manager, state]) text("command_report.service_change", word ?? "", limits.nameLength);
      text("command_report.service_change.detail", detail ?? "");
    }
    for (const packages of [report.packageInstall, report.packageRemove, report.packageUpgrade])
      if (packages) checkPackages(packages);
    if (report.logCollect) {
      const { sources, totalBytes, outputBytes, droppedBytes } = report.logCollect;
      atMost("command_report.log_collect.sources", sources, limits.logSources);
      for (const each of sources) {
        text("command_report.log_collect.sources", each.name ?? "");
        safe("command_report.log_collect.sources", each.bytes ?? 0);
        safe("command_report.log_collect.sources", each.sentBytes ?? 0);
      }
      for (const bytes of [totalBytes, outputBytes, droppedBytes]) safe("command_report.log_collect", bytes ?? 0);
    }
    if (report.networkChange) {
      const { outputBytes, droppedBytes } = report.networkChange;
      for (const bytes of [outputBytes, droppedBytes]) safe("command_report.network_change", bytes ?? 0);
    }
    for (const each of report.configure?.settings ?? []) {
      name("command_report.configure.settings", each.name ?? "");
      atMost("command_report.configure.settings.values", each.values ?? [], limits.settingValues);
      for (const value of each.values ?? []) text("command_report.configure.settings.values", value);
    }
    atMost("command_report.configure.settings", report.configure?.settings ?? [], limits.settings);
    for (const put of [report.filePut, report.dataPut])
      for (const bytes of [put?.fetchedBytes, put?.heldBytes, put?.neighbourBytes])
        safe("command_report.put", bytes ?? 0);
    if (report.fileGet) {
      const { bytes, sha256, sentBytes } = report.fileGet;
      for (const each of [bytes, sentBytes]) safe("command_report.file_get", each ?? 0);
      if (sha256?.length !== 32)
        throw new ProtocolError("out-of-range", "command_report.file_get.sha256 must have 32 bytes");
    }
    if (report.fileList) {
      const { entries } = report.fileList;
      atMost("command_report.file_list.entries", entries ?? [], limits.fileEntries);
      for (const { name: named, type, bytes, modifiedAtMs } of entries ?? []) {
        text("command_report.file_list.entries.name", named ?? "");
        text("command_report.file_list.entries.type", type ?? "", limits.nameLength);
        safe("command_report.file_list.entries.bytes", bytes ?? 0);
        instant("command_report.file_list.entries.modified_at_ms", modifiedAtMs ?? 0);
      }
    }
    if (report.policyPack) safe("command_report.policy_pack.version", report.policyPack.version ?? 0);
    const { dataGet, dataReport, dataSnapshot } = report;
    for (const bytes of [dataGet?.bytes, dataGet?.sentBytes, dataReport?.files, dataSnapshot?.bytes])
      safe("command_report.data", bytes ?? 0);
    text("command_report.data_snapshot.path", dataSnapshot?.path ?? "");
    if (report.agentUpgrade) {
      const { before, after, slot } = report.agentUpgrade;
      for (const word of [before, after, slot]) text("command_report.agent_upgrade", word ?? "", limits.nameLength);
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
    text("data_source.mount_folder", report.mountFolder);
    if (report.mountFolder !== "" && !report.mountFolder.startsWith("/"))
      throw new ProtocolError("out-of-range", "data_source.mount_folder must be absolute");
    text("data_source.failure", report.failure);
    safe("data_source.total_bytes", report.totalBytes);
    safe("data_source.free_bytes", report.freeBytes);
    atMost("data_source.items", report.items, limits.dataItems);
    id("data_source.report", report.report);
    if (report.part >= Math.max(1, report.parts))
      throw new ProtocolError("out-of-range", "data_source.part is not below parts");
    safe("data_source.index", report.index);
    if (safe("data_source.index_before", report.indexBefore) > report.index)
      throw new ProtocolError("out-of-range", "data_source.index_before is above index");
    if (report.index > 0 && report.indexChecksum.length !== 32)
      throw new ProtocolError("out-of-range", "data_source.index_checksum must have 32 bytes");
    atMost("data_source.removed", report.removed, limits.dataItems);
    for (const gone of report.removed) {
      if (gone === "") throw new ProtocolError("missing-field", "data_source.removed is empty");
      text("data_source.removed", gone);
    }
    for (const item of report.items) {
      if (!item.name) throw new ProtocolError("missing-field", "data_source.items.name is empty");
      text("data_source.items.name", item.name);
      safe("data_source.items.bytes", item.bytes ?? 0);
      instant("data_source.items.modified_at_ms", item.modifiedAtMs ?? 0);
      if (item.hash?.length !== 32)
        throw new ProtocolError("out-of-range", "data_source.items.hash must have 32 bytes");
      checkTags("data_source.items.tags", item.tags ?? {}, limits.itemTags);
    }
    checkTags("data_source.tags", report.tags, limits.sourceTags);
    text("data_source.kind", report.kind, limits.nameLength);
    text("data_source.condition", report.condition);
    instant("data_source.next_try_at_ms", report.nextTryAtMs);
  },
  policyReport: (report: PolicyReport) => {
    safe("policy_report.number", report.number);
    safe("policy_report.pack_version", report.packVersion);
    text("policy_report.policy", report.policy, limits.nameLength);
    if (report.policy !== "" && !(policyStates as readonly string[]).includes(report.state))
      throw new ProtocolError("out-of-range", `policy_report.state must be one of ${policyStates.join(", ")}`);
    atMost("policy_report.looked", report.looked, limits.policyLooked);
    for (const { what, value } of report.looked) {
      text("policy_report.looked.what", what ?? "", limits.nameLength);
      finite("policy_report.looked.value", value ?? 0);
    }
    atMost("policy_report.acted", report.acted, limits.policyEffects);
    for (const { kind, command, problem } of report.acted) {
      name("policy_report.acted.kind", kind ?? "");
      id("policy_report.acted.command", command ?? "");
      text("policy_report.acted.problem", problem ?? "");
    }
  },
  agentEvent: (event: AgentEvent) => {
    name("agent_event.name", event.name);
    text("agent_event.detail", event.detail);
  },
};
