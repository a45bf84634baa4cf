#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";

// The young generation of the heap does not grow with what the start takes: that memory belongs to the host.
setFlagsFromString("--semi-space-growth-factor=1");
await import("../dist/main.js");
