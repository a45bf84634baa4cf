import "./unlisted.ts";

export { used } from "./planted.ts";
