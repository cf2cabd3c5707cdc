/** Validation of CronJobs. Source: pkg/apis/batch/validation. */

import {
  type FieldError,
  type FieldPath,
  invalidValue,
  notSupported,
  path,
  pushAll,
  required,
  validateNonnegative,
} from "@kubets/apimachinery";
import { oneOf } from "../core/pod-field-checks.ts";
import type { CronJob, CronJobSpec, JobTemplateSpec } from "../generated/types.ts";
import { cronScheduleProblem, timeZoneProblem } from "./cron-schedule.ts";
import { validateJobSpec } from "./job-validation.ts";

const specPath = path("spec");
const concurrencyPolicies = ["Allow", "Forbid", "Replace"];

export function validateCronJob({ metadata, spec }: CronJob): FieldError[] {
  const errors = validateSpec(spec ?? emptySpec, undefined);
  const name = metadata?.name ?? "";
  // The Jobs it makes are named after it with eleven characters more.
  if (name.length > 52) errors.push(invalidValue(path("metadata.name"), name, "must be no more than 52 characters"));
  return errors;
}

export function validateCronJobUpdate({ spec }: CronJob, old: CronJob): FieldError[] {
  return validateSpec(spec ?? emptySpec, old.spec ?? emptySpec);
}

const emptySpec: CronJobSpec = { schedule: "", jobTemplate: {} };

function validateSpec(spec: CronJobSpec, old: CronJobSpec | undefined): FieldError[] {
  const { schedule = "", timeZone, startingDeadlineSeconds, concurrencyPolicy, jobTemplate } = spec;
  const errors: FieldError[] = [];
  const at = specPath.child("schedule");
  if (schedule === "") errors.push(required(at));
  else pushAll(errors, validateSchedule(schedule, timeZone, old?.schedule?.includes("TZ") ?? false, at));
  if (startingDeadlineSeconds !== undefined) {
    pushAll(errors, validateNonnegative(startingDeadlineSeconds, specPath.child("startingDeadlineSeconds")));
  }
  if (old === undefined || old.timeZone !== timeZone) {
    pushAll(errors, validateTimeZone(timeZone, specPath.child("timeZone")));
  }
  pushAll(errors, oneOf(specPath.child("concurrencyPolicy"), concurrencyPolicy, concurrencyPolicies));
  pushAll(errors, validateJobTemplate(jobTemplate ?? {}, specPath.child("jobTemplate", "spec")));
  for (const field of ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"] as const) {
    const value = spec[field];
    if (value !== undefined) pushAll(errors, validateNonnegative(value, specPath.child(field)));
  }
  return errors;
}

/** @param zoneAllowed a schedule that had a zone in it, from when that was not refused, may keep one */
function validateSchedule(
  schedule: string,
  timeZone: string | undefined,
  zoneAllowed: boolean,
  at: FieldPath,
): FieldError[] {
  const problem = cronScheduleProblem(schedule);
  const errors = problem === undefined ? [] : [invalidValue(at, schedule, problem)];
  if (!schedule.includes("TZ")) return errors;
  if (!zoneAllowed) {
    const why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
    return [...errors, invalidValue(at, schedule, why)];
  }
  if (timeZone === undefined) return errors;
  return [...errors, invalidValue(at, schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule")];
}

function validateTimeZone(timeZone: string | undefined, at: FieldPath): FieldError[] {
  if (timeZone === undefined) return [];
  if (timeZone === "") return [invalidValue(at, timeZone, "timeZone must be nil or non-empty string")];
  const isPart = (part: string) => part !== "." && part !== ".." && /^(?!-)[A-Za-z.\-_0-9+]{1,14}$/.test(part);
  if (!timeZone.split("/").every(isPart)) return [invalidValue(at, timeZone, `unknown time zone ${timeZone}`)];
  const errors: FieldError[] = [];
  if (timeZone.toLowerCase() === "local") {
    const why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
    errors.push(invalidValue(at, timeZone, why));
  }
  const problem = timeZoneProblem(timeZone);
  return problem === undefined ? errors : [...errors, invalidValue(at, timeZone, problem)];
}

/** The selectors of the Jobs it makes are always generated. */
function validateJobTemplate({ spec = { template: {} } }: JobTemplateSpec, at: FieldPath): FieldError[] {
  const errors = validateJobSpec(spec, at);
  if (spec.selector !== undefined) {
    errors.push(invalidValue(at.child("selector"), spec.selector, "`selector` will be auto-generated"));
  }
  if (spec.manualSelector) errors.push(notSupported(at.child("manualSelector"), true, ["nil", "false"]));
  return errors;
}
