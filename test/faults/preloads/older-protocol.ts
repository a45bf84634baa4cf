// Runs before a program: it knows some fields of messages as little as a build from before they were added.
import { register } from "node:module";

register("./older-protocol-hooks.js", import.meta.url);
