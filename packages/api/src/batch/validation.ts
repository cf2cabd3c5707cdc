/** Validation of Jobs and CronJobs. Source: pkg/apis/batch/validation. */

import {
  type FieldError,
  type FieldPath,
  invalidValue,
  notSupported,
  path,
  required,
  validateImmutableField,
  validateLabelSelector,
  validateNonnegative,
} from "@kubets/apimachinery";
import { selectorMatchesTemplate } from "../apps/workload-validation.ts";
import { validatePodTemplateSpec } from "../core/pod-template-validation.ts";
import type { CronJob, Job, JobSpec } from "../generated/types.ts";

const specPath = path("spec");
const restartPolicies = ["OnFailure", "Never"];
const completionModes = ["Indexed", "NonIndexed"];

const counts = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "ttlSecondsAfterFinished",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
] as const;

/** What a Job and the template of a CronJob have in common. */
function validateJobSpec(spec: JobSpec, at: FieldPath): FieldError[] {
  const errors = counts.flatMap((field) => {
    const value = spec[field];
    return value === undefined ? [] : validateNonnegative(value, at.child(field));
  });
  const { completionMode, completions, template } = spec;
  if (completionMode !== undefined && !completionModes.includes(completionMode)) {
    errors.push(notSupported(at.child("completionMode"), completionMode, completionModes));
  }
  if (completionMode === "Indexed" && completions === undefined) {
    errors.push(required(at.child("completions"), "when completion mode is Indexed"));
  }
  if (completionMode !== "Indexed" && spec.backoffLimitPerIndex !== undefined) {
    errors.push(
      invalidValue(at.child("backoffLimitPerIndex"), spec.backoffLimitPerIndex, "requires indexed completion mode"),
    );
  }
  if (template === undefined) return [...errors, required(at.child("template", "spec", "containers"))];
  errors.push(...validatePodTemplateSpec(template, at.child("template")));
  const policy = template.spec?.restartPolicy ?? "";
  const policyPath = at.child("template", "spec", "restartPolicy");
  if (policy === "") errors.push(required(policyPath, 'valid values: "OnFailure", "Never"'));
  else if (!restartPolicies.includes(policy)) errors.push(notSupported(policyPath, policy, restartPolicies));
  return errors;
}

export function validateJob({ spec }: Job): FieldError[] {
  if (spec === undefined) return [required(specPath)];
  const errors = validateJobSpec(spec, specPath);
  const at = specPath.child("selector");
  if (spec.selector === undefined) return [required(at), ...errors];
  return [
    ...validateLabelSelector(spec.selector, at),
    ...errors,
    ...selectorMatchesTemplate(spec.selector, spec.template, specPath.child("template")),
  ];
}

const fixedFields = ["selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy"] as const;

/** What a Job runs is settled when it is created; Indexed Jobs may grow with their parallelism, suspended ones may be re-labelled. */
export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const { spec } = job;
  const before = old.spec;
  if (spec === undefined || before === undefined) return [];
  const elastic = spec.completionMode === "Indexed" && spec.completions === spec.parallelism;
  const completions = elastic
    ? []
    : validateImmutableField(spec.completions, before.completions, specPath.child("completions"));
  const startedBefore = old.status?.startTime !== undefined || !before.suspend;
  const template = startedBefore
    ? validateImmutableField(spec.template, before.template, specPath.child("template"))
    : [];
  const fixed = fixedFields.flatMap((field) =>
    validateImmutableField(spec[field], before[field], specPath.child(field)),
  );
  return [...validateJobSpec(spec, specPath), ...completions, ...template, ...fixed];
}

const concurrencyPolicies = ["Allow", "Forbid", "Replace"];
const nicknames = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

export function validateCronJob({ metadata, spec }: CronJob): FieldError[] {
  const errors: FieldError[] = [];
  const name = metadata?.name ?? "";
  if (name.length > 52) errors.push(invalidValue(path("metadata.name"), name, "must be no more than 52 characters"));
  if (spec === undefined) return [...errors, required(specPath.child("schedule"))];
  errors.push(...validateSchedule(spec.schedule ?? "", spec.timeZone, specPath));
  if (spec.startingDeadlineSeconds !== undefined) {
    errors.push(...validateNonnegative(spec.startingDeadlineSeconds, specPath.child("startingDeadlineSeconds")));
  }
  const policy = spec.concurrencyPolicy ?? "";
  if (policy === "") errors.push(required(specPath.child("concurrencyPolicy")));
  else if (!concurrencyPolicies.includes(policy)) {
    errors.push(notSupported(specPath.child("concurrencyPolicy"), policy, concurrencyPolicies));
  }
  if (spec.jobTemplate?.spec !== undefined) {
    errors.push(...validateJobSpec(spec.jobTemplate.spec, specPath.child("jobTemplate", "spec")));
  }
  for (const field of ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"] as const) {
    const value = spec[field];
    if (value !== undefined) errors.push(...validateNonnegative(value, specPath.child(field)));
  }
  return errors;
}

function validateSchedule(schedule: string, timeZone: string | undefined, at: FieldPath): FieldError[] {
  const where = at.child("schedule");
  if (schedule === "") return [required(where)];
  const zoned = schedule.includes("TZ");
  if (zoned && timeZone !== undefined) {
    return [invalidValue(where, schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule")];
  }
  if (zoned) {
    return [invalidValue(where, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")];
  }
  if (nicknames.includes(schedule) || /^@every \S+$/.test(schedule)) return [];
  const fields = schedule.trim().split(/\s+/);
  if (fields.length === 5) return [];
  return [invalidValue(where, schedule, `expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`)];
}
