#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";

// Memory belongs to the host. The young generation of the heap does not grow with what the start takes, and an agent that mostly waits is
// interpreted: its compilers would take more than they give. However it is started, this is where it is told so.
for (const flag of ["--semi-space-growth-factor=1", "--no-opt", "--no-sparkplug"]) setFlagsFromString(flag);
await import("../dist/main.js");
