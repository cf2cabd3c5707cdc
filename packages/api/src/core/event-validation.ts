/** What both groups ask of an Event, in core/v1's shape. Fields of the error are named as upstream names them. */

import {
  type FieldError,
  invalidValue,
  isDNS1123Subdomain,
  isQualifiedName,
  parseTime,
  path,
  pushAll,
  required,
  validateImmutableField,
} from "@kubets/apimachinery";
import type { Event } from "../generated/types.ts";

const lengthLimit = 128;
const noteLengthLimit = 1024;

/** True for a time that is set; Go's zero time counts as unset. */
function isSet(time: string | null | undefined): boolean {
  return Boolean(time) && !Number.isNaN(parseTime(time ?? undefined)) && !time?.startsWith("0001-01-01");
}

/** `controllerField`: what the request's version calls `reportingComponent`. */
export function validateEvent(event: Event, controllerField: string): FieldError[] {
  const namespace = event.metadata?.namespace ?? "";
  const involved = event.involvedObject?.namespace ?? "";
  const timed = isSet(event.eventTime);
  const errors: FieldError[] = [];
  const allowed =
    involved === "" ? ["", "default", ...(timed ? ["kube-system"] : [])] : timed ? [namespace] : [involved];
  if (!allowed.includes(namespace)) {
    errors.push(invalidValue(path("involvedObject.namespace"), involved, "does not match event.namespace"));
  }
  if (timed) pushAll(errors, validateTimed(event, controllerField));
  for (const why of isDNS1123Subdomain(namespace)) errors.push(invalidValue(path("namespace"), namespace, why));
  return errors;
}

function validateTimed(event: Event, controllerField: string): FieldError[] {
  const controller = event.reportingComponent ?? "";
  const errors: FieldError[] = [];
  if (controller === "") errors.push(required(path(controllerField)));
  for (const why of isQualifiedName(controller)) errors.push(invalidValue(path(controllerField), controller, why));
  for (const field of ["reportingInstance", "action", "reason"] as const) {
    const value = event[field] ?? "";
    if (value === "") errors.push(required(path(field)));
    if (Buffer.byteLength(value) > lengthLimit) {
      errors.push(invalidValue(path(field), "", `can have at most ${lengthLimit} characters`));
    }
  }
  if (Buffer.byteLength(event.message ?? "") > noteLengthLimit) {
    errors.push(invalidValue(path("message"), "", `can have at most ${noteLengthLimit} characters`));
  }
  return errors;
}

/** What events.k8s.io/v1 asks beyond that of a new event. */
export function validateStrict(event: Event): FieldError[] {
  const errors = validateSeries(event);
  if (!isSet(event.eventTime)) errors.push(required(path("eventTime")));
  if (event.type !== "Normal" && event.type !== "Warning") {
    errors.push(invalidValue(path("type"), "", `has invalid value: ${event.type ?? ""}`));
  }
  const unset = (field: string, value: unknown) => {
    if (value) errors.push(invalidValue(path(field), "", "needs to be unset"));
  };
  unset("firstTimestamp", isSet(event.firstTimestamp));
  unset("lastTimestamp", isSet(event.lastTimestamp));
  unset("count", event.count);
  unset("source", event.source?.component || event.source?.host);
  return errors;
}

function validateSeries({ series }: Event): FieldError[] {
  if (series === undefined) return [];
  const errors: FieldError[] = [];
  if ((series.count ?? 0) < 2) errors.push(invalidValue(path("series.count"), "", "should be at least 2"));
  if (!isSet(series.lastObservedTime)) errors.push(required(path("series.lastObservedTime")));
  return errors;
}

const immutableFields = [
  ["involvedObject", "involvedObject"],
  ["reason", "reason"],
  ["message", "message"],
  ["source", "source"],
  ["firstTimestamp", "firstTimestamp"],
  ["lastTimestamp", "lastTimestamp"],
  ["count", "count"],
  ["type", "type"],
  ["eventTime", "eventTime"],
  ["action", "action"],
  ["related", "related"],
  ["reportingComponent", "reportingController"],
  ["reportingInstance", "reportingInstance"],
] as const;

/** Through events.k8s.io/v1 only the series changes. */
export function validateStrictUpdate(event: Event, old: Event): FieldError[] {
  const series =
    validateImmutableField(event.series, old.series, path("series")).length > 0 ? validateSeries(event) : [];
  const fixed = immutableFields.flatMap(([field, printed]) =>
    validateImmutableField(event[field] ?? undefined, old[field] ?? undefined, path(printed)),
  );
  return [...series, ...fixed];
}
