import { table } from "../../platform/resource.ts";
import type { Word } from "./device-word.ts";

/** What a device was sent to watch by itself. */
export interface DevicePack {
  /** The device. */
  readonly id: string;
  /** Of the row. */
  readonly version: number;
  /** Of the pack. */
  readonly pack: number;
  /** Of what the pack says. */
  readonly hash: string;
  /** The command that brings it. */
  readonly command: string;
  /** Why the device did not take it; absent where it did, or has not answered. */
  readonly refused?: string;
}
export const devicePacks = table<DevicePack>("policypack");

/** What a device says of the policies that it watches by itself. */
export interface DeviceWords {
  /** The device. */
  readonly id: string;
  /** Of its newest word. */
  readonly number: number;
  /** The pack that it runs. */
  readonly pack: number;
  readonly heardAt: number;
  readonly policies: Readonly<Record<string, Word & { readonly revision: number }>>;
}
export const deviceWords = table<DeviceWords>("policyword");

/** How a command ended that a device asked of itself, and why not otherwise. */
export interface OwnEnd {
  readonly command: string;
  readonly state: string;
  readonly why: string;
}
/** The newest of each device, oldest first. */
export const ownEnds = table<{ readonly id: string; readonly ends: readonly OwnEnd[] }>("policyownend");
