/** core/v1 Event and events.k8s.io/v1 Event are one object with two sets of field names. */

import type { KubeObject } from "@kubets/apimachinery";
import type { Event, EventsEvent } from "../generated/types.ts";

/** The name in core/v1, then in events.k8s.io/v1. Names not listed are the same in both. */
const renamed: readonly (readonly [keyof Event & string, keyof EventsEvent & string])[] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
];

function rename(object: KubeObject, names: ReadonlyMap<string, string>): KubeObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [names.get(name) ?? name, value]));
}

const toEvents = new Map<string, string>(renamed);
const toCore = new Map<string, string>(renamed.map(([core, events]) => [events, core]));

export function eventToEvents(event: KubeObject): EventsEvent {
  return rename(event, toEvents);
}

export function eventToCore(event: KubeObject): Event {
  return rename(event, toCore);
}
