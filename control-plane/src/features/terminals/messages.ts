import { when } from "../../platform/feature.ts";
import { recording, sealRecording } from "./contract.ts";

const seal = ({ subject, data }: { readonly subject: string; readonly data: { readonly head: string } }) => ({
  recording: subject,
  head: data.head,
});

/** Messages handled. */
export const rules = [
  when(recording, "recording.complete", sealRecording, seal),
  when(recording, "recording.cut", sealRecording, seal),
];
