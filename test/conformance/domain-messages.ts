/** "Messages handled" of the Data Orchestrator, and what each is given. */
export const messagesHandled: Readonly<Record<string, readonly [address: string, input: object]>> = {
  "datareference.provisioning": ["diml/dml/do/datainstance/create", { dataref: "the-id" }],
  "datarequest.needed": ["diml/dml/do/reserve", { request: "the-id" }],
  "datarequest.selected": ["diml/dml/do/evaluate", { request: "the-id" }],
};

/** "Messages sent" of the Data Orchestrator. */
export const messagesSent = ["datainstance", "datarequest", "datareservation"].flatMap((name) =>
  ["create", "destroy", "updated"].map((word) => `${name}.${word}`),
);
