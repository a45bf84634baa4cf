export { used } from "./planted.ts";
