import type { Area } from "./area.ts";
import { envelopes } from "./envelopes.ts";
import { http } from "./http.ts";
import { ingest } from "./ingest.ts";
import { live } from "./live.ts";
import { mqtt } from "./mqtt.ts";
import { protobuf } from "./protobuf.ts";
import { sparkplug } from "./sparkplug.ts";
import { rest } from "./rest.ts";
import { walks } from "./walks.ts";

/** Those that take longest first, so that none of them is what all wait for in the end. */
export const areas: readonly Area[] = [rest, mqtt, sparkplug, protobuf, http, ingest, live, envelopes, walks];
