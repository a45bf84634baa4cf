#!/usr/bin/env node
await import("../dist/upgrade/main.js");
