/** Event in core/v1: what happened to an object, and how often. */

import { column, nameColumn, since } from "../columns.ts";
import { define } from "../define.ts";
import type { Column, ResourceDefinition } from "../definition.ts";
import type { Event } from "../generated/types.ts";
import { validateEvent } from "./event-validation.ts";

function setTime(time: string | null | undefined): string | undefined {
  return time && !time.startsWith("0001-01-01") ? time : undefined;
}

function firstSeen(event: Event, now: number): string {
  return since(setTime(event.firstTimestamp) ?? setTime(event.eventTime), now);
}

function lastSeen(event: Event, now: number): string {
  if (event.series !== undefined) return since(setTime(event.series.lastObservedTime), now);
  const last = setTime(event.lastTimestamp);
  return last === undefined ? firstSeen(event, now) : since(last, now);
}

function target(event: Event): string {
  const { kind = "", name } = event.involvedObject ?? {};
  return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase();
}

function sourceText(event: Event): string {
  const component = event.source?.component || event.reportingComponent || "";
  const host = event.source?.host || event.reportingInstance || "";
  return host === "" ? component : `${component}, ${host}`;
}

const wide = { wide: true };

export const eventColumns: readonly Column<Event>[] = [
  column("Last Seen", (event: Event, { now }) => lastSeen(event, now)),
  column("Type", (event: Event) => event.type ?? ""),
  column("Reason", (event: Event) => event.reason ?? ""),
  column("Object", target),
  column("Subobject", (event: Event) => event.involvedObject?.fieldPath ?? "", wide),
  column("Source", sourceText, wide),
  column("Message", (event: Event) => (event.message ?? "").trim()),
  column("First Seen", (event: Event, { now }) => firstSeen(event, now), wide),
  column("Count", (event: Event) => event.series?.count ?? (event.count || 1), wide),
  { ...nameColumn, priority: 1 },
];

const involvedFields = ["apiVersion", "fieldPath", "kind", "name", "namespace", "resourceVersion", "uid"] as const;

/** Fields of events in core/v1; `objectField` is what the group calls the involved object. */
export function eventFields(objectField: string): ResourceDefinition<Event>["selectableFields"] {
  return {
    ...Object.fromEntries(
      involvedFields.map((field) => [`${objectField}.${field}`, (event: Event) => event.involvedObject?.[field] ?? ""]),
    ),
    reason: (event) => event.reason ?? "",
    type: (event) => event.type ?? "",
  };
}

const validate = (event: Event) => validateEvent(event, "reportingComponent");

export const eventDefinition = define<Event>("", "v1", "events", {
  shortNames: ["ev"],
  strategy: { validate, validateUpdate: validate, allowCreateOnUpdate: true },
  selectableFields: {
    ...eventFields("involvedObject"),
    reportingComponent: (event) => event.reportingComponent ?? "",
    source: (event) => event.source?.component || event.reportingComponent || "",
  },
  columns: eventColumns,
});
