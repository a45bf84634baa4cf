/** Bounds that both sides keep to. Whoever breaks one is refused, and the refusal is counted. */
export const limits = {
  /** One MQTT message. */
  messageBytes: 256 * 1024,
  /** One signed command. */
  commandBytes: 64 * 1024,
  /** The CONNECT packet, before anybody has proved anything. */
  connectBytes: 8 * 1024,
  /** Keyring documents in one Sync: a device that has missed more asks again. */
  keyrings: 8,
  /** Commands that one device has at a time and that have not ended. */
  openCommands: 256,
  /** Filters one device may subscribe to. */
  filters: 16,
  /** Addresses of the broker: a device tries one after the other, and each can cost it its whole patience. */
  brokerAddresses: 4,
  /** Records in one batch. */
  batchRecords: 1_000,
  /** Periods of the device's clock that the records of one batch speak of. */
  clocks: 64,
  /** Bytes of a stream under way and not yet acknowledged. */
  windowBytes: 256 * 1024,
  /** Rows and series of one telemetry batch. */
  telemetryRows: 3_600,
  telemetrySeries: 1_000,
  /** Milliseconds for which a value may stand in rows that have none. */
  telemetryHold: 24 * 3_600_000,
  /** Between the first row of one telemetry batch and its last, milliseconds: what lies farther apart changes many windows. */
  telemetrySpan: 24 * 3_600_000,
  /** Samples, present or not, of one telemetry batch, and of all in one message: a few bytes may stand for many of them. */
  telemetrySamples: 100_000,
  messageSamples: 200_000,
  /** Schemas that one message brings, and that are remembered of a device. */
  telemetrySchemas: 64,
  /** Facts of one inventory. */
  facts: 500,
  /** Packages that one command names, and changes that its result lists. */
  packages: 100,
  packageChanges: 500,
  /** Files that are kept while a change may be taken back, and their bytes together. */
  keptFiles: 64,
  keptBytes: 1024 * 1024,
  /** The archive of a release of the agent, what it unpacks to, and its files and folders. */
  releaseBytes: 256 * 1024 * 1024,
  releaseUnpackedBytes: 1024 * 1024 * 1024,
  releaseEntries: 50_000,
  /** Sources of logs that one result lists. */
  logSources: 500,
  /** Items in one part of a data source report. */
  dataItems: 1_000,
  /** Tags of one such item, and of the source. */
  itemTags: 16,
  sourceTags: 64,
  /** Settings of an agent that one command changes or its result lists, and values of one. */
  settings: 32,
  settingValues: 100,
  /** Policies that a device watches by itself, steps of one's condition and of all, and different windows of all. */
  packPolicies: 50,
  conditionSteps: 200,
  packSteps: 2_000,
  packWindows: 100,
  /** Values that a condition looked at, and commands that followed, in one word of a device. */
  policyLooked: 16,
  policyEffects: 8,
  /** One file that travels by its hash, and one piece of it. */
  fileBytes: 4 * 1024 ** 3,
  filePieceBytes: 512 * 1024,
  /** Entries of a folder that one result lists. */
  fileEntries: 200,
  /** One string in a message, unless a field says otherwise. */
  textLength: 4_096,
  /** Names of metrics, facts, sources. */
  nameLength: 256,
  /** Columns, and rows, of a terminal. */
  terminalCells: 1_000,
  /** Longest MQTT keep-alive, milliseconds: so long a device may be silent, and presence reckons with it. */
  keepalive: 300_000,
  /** Validity of a command, milliseconds: 7 days. */
  commandValidity: 7 * 24 * 3_600_000,
} as const;
