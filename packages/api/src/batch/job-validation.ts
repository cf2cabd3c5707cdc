/** Validation of Jobs: what is said once, and what an update may change. Source: pkg/apis/batch/validation. */

import {
  byteLength,
  clone,
  deepEqual,
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1123Label,
  notSupported,
  path,
  pushAll,
  required,
  selectorFromLabelSelector,
  tooLong,
  validateImmutableField,
  validateLabelSelector,
  validateNonnegative,
} from "@kubets/apimachinery";
import { selectorMatchesTemplate } from "../apps/workload-validation.ts";
import { domainPrefixedPath } from "../core/name-checks.ts";
import { validatePodTemplateSpec } from "../core/pod-template-validation.ts";
import type { Job, JobSpec, PodTemplateSpec } from "../generated/types.ts";
import { validatePodFailurePolicy, validateSuccessPolicy } from "./job-policies.ts";

const specPath = path("spec");
const templatePath = specPath.child("template");
const prefix = "batch.kubernetes.io/";
const emptyJobSpec: JobSpec = { template: {} };

const counts = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "ttlSecondsAfterFinished",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
] as const;

const manyCompletions = 100_000;
const limits = { parallelism: 100_000, maxFailedIndexes: 100_000, withManyCompletions: 10_000 };

/** What a Job and the template of a CronJob have in common. */
export function validateJobSpec(spec: JobSpec, at: FieldPath): FieldError[] {
  const { template, podFailurePolicy, successPolicy, managedBy } = spec;
  const errors = counts.flatMap((field) => {
    const value = spec[field];
    return value === undefined ? [] : validateNonnegative(value, at.child(field));
  });
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(required(at.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified"));
  }
  if (managedBy !== undefined) {
    pushAll(errors, domainPrefixedPath(at.child("managedBy"), managedBy));
    if (byteLength(managedBy) > 63) errors.push(tooLong(at.child("managedBy"), 63));
  }
  pushAll(errors, validateCompletionMode(spec, at));
  if (podFailurePolicy !== undefined) {
    pushAll(errors, validatePodFailurePolicy(podFailurePolicy, spec, at.child("podFailurePolicy")));
  }
  if (successPolicy !== undefined) {
    const where = at.child("successPolicy");
    if (spec.completionMode === "Indexed") pushAll(errors, validateSuccessPolicy(successPolicy, spec, where));
    else errors.push(invalidValue(where, successPolicy, "requires indexed completion mode"));
  }
  return [
    ...errors,
    ...validateReplacementPolicy(spec, at.child("podReplacementPolicy")),
    ...validatePodTemplateSpec(template ?? {}, at.child("template")),
    ...validateRestartPolicy(spec, at.child("template", "spec", "restartPolicy")),
  ];
}

function validateCompletionMode(spec: JobSpec, at: FieldPath): FieldError[] {
  const { completionMode, backoffLimitPerIndex, maxFailedIndexes } = spec;
  if (completionMode === "Indexed") return validateIndexed(spec, at);
  const errors: FieldError[] = [];
  if (completionMode !== undefined && completionMode !== "NonIndexed") {
    return [notSupported(at.child("completionMode"), completionMode, ["NonIndexed", "Indexed"])];
  }
  for (const [field, value] of Object.entries({ backoffLimitPerIndex, maxFailedIndexes })) {
    if (value !== undefined) errors.push(invalidValue(at.child(field), value, "requires indexed completion mode"));
  }
  return errors;
}

function validateIndexed(spec: JobSpec, at: FieldPath): FieldError[] {
  const { completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex } = spec;
  const errors: FieldError[] = [];
  const atMost = (field: "parallelism" | "maxFailedIndexes", value: number, max: number, why: string) => {
    if (value > max) errors.push(invalidValue(at.child(field), value, `must be less than or equal to ${why}`));
  };
  if (completions === undefined) errors.push(required(at.child("completions"), "when completion mode is Indexed"));
  atMost("parallelism", parallelism, limits.parallelism, `${limits.parallelism} when completion mode is Indexed`);
  if (maxFailedIndexes !== undefined) {
    atMost("maxFailedIndexes", maxFailedIndexes, completions ?? Number.POSITIVE_INFINITY, "completions");
    atMost("maxFailedIndexes", maxFailedIndexes, limits.maxFailedIndexes, String(limits.maxFailedIndexes));
  }
  if ((completions ?? 0) <= manyCompletions || backoffLimitPerIndex === undefined) return errors;
  const max = limits.withManyCompletions;
  const why = `${max} when completions are above ${manyCompletions} and used with backoff limit per index`;
  if (maxFailedIndexes === undefined) {
    const text = `must be specified when completions is above ${manyCompletions}`;
    errors.push(required(at.child("maxFailedIndexes"), text));
  }
  atMost("parallelism", parallelism, max, why);
  if (maxFailedIndexes !== undefined) atMost("maxFailedIndexes", maxFailedIndexes, max, why);
  return errors;
}

function validateReplacementPolicy({ podReplacementPolicy, podFailurePolicy }: JobSpec, at: FieldPath): FieldError[] {
  const supported = podFailurePolicy === undefined ? ["Failed", "TerminatingOrFailed"] : ["Failed"];
  if (podReplacementPolicy === undefined || supported.includes(podReplacementPolicy)) return [];
  return [notSupported(at, podReplacementPolicy, supported)];
}

/** A Pod that is always restarted never ends. */
function validateRestartPolicy({ template, podFailurePolicy }: JobSpec, at: FieldPath): FieldError[] {
  const policy = template?.spec?.restartPolicy ?? "";
  if (policy === "" || policy === "Always") return [required(at, 'valid values: "OnFailure", "Never"')];
  if (policy !== "OnFailure" && policy !== "Never") return [notSupported(at, policy, ["OnFailure", "Never"])];
  if (podFailurePolicy === undefined || policy === "Never") return [];
  return [invalidValue(at, policy, 'only "Never" is supported when podFailurePolicy is specified')];
}

export function validateJob(job: Job): FieldError[] {
  const spec = job.spec ?? emptyJobSpec;
  const name = job.metadata?.name ?? "";
  const errors = [...validateGeneratedSelector(job, spec), ...validateSelectedSpec(spec)];
  if (spec.completionMode !== "Indexed" || (spec.completions ?? 0) <= 0) return errors;
  // The last Pod's host name has the highest index at its end.
  const hostname = `${name}-${spec.completions! - 1}`;
  if (isDNS1123Label(hostname).length === 0) return errors;
  const why = `will not able to create pod with invalid DNS label: ${hostname}`;
  return [...errors, invalidValue(path("metadata.name"), name, why)];
}

function validateSelectedSpec(spec: JobSpec): FieldError[] {
  const at = specPath.child("selector");
  const errors = validateJobSpec(spec, specPath);
  if (spec.selector === undefined) errors.push(required(at));
  else pushAll(errors, validateLabelSelector(spec.selector, at));
  return [...errors, ...selectorMatchesTemplate(spec.selector, spec.template, templatePath)];
}

/** What the server would have generated must be there, also where the user wrote it first. */
function validateGeneratedSelector(
  { metadata = {} }: Job,
  { selector, manualSelector, template }: JobSpec,
): FieldError[] {
  if (manualSelector || selector === undefined) return [];
  const { uid = "", name = "" } = metadata;
  const wanted: Record<string, string> = {
    "controller-uid": uid,
    "job-name": name,
    [`${prefix}controller-uid`]: uid,
    [`${prefix}job-name`]: name,
  };
  const errors: FieldError[] = uid === "" ? [required(path("metadata.uid"))] : [];
  const at = templatePath.child("metadata");
  for (const [key, value] of Object.entries(wanted)) pushAll(errors, hasLabel(template, key, value, at));
  try {
    if (selectorFromLabelSelector(selector).matches(wanted)) return errors;
  } catch {
    // A selector that does not parse is reported as that.
    return errors;
  }
  return [...errors, invalidValue(specPath.child("selector"), selector, "`selector` not auto-generated")];
}

function hasLabel(template: PodTemplateSpec | undefined, key: string, wanted: string, at: FieldPath): FieldError[] {
  const labels = template?.metadata?.labels ?? {};
  const value = labels[key];
  if (value === wanted) return [];
  const here = at.child("labels");
  if (value === undefined) return [required(here.key(key), `must be '${wanted}'`)];
  return [invalidValue(here.key(key), labels, `must be '${wanted}'`)];
}

const fixedFields = [
  "completionMode",
  "podFailurePolicy",
  "backoffLimitPerIndex",
  "managedBy",
  "successPolicy",
] as const;

/** What a Job runs is settled when it is created; Indexed Jobs may grow with their parallelism, suspended ones be placed elsewhere. */
export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const spec = job.spec ?? emptyJobSpec;
  const before = old.spec ?? emptyJobSpec;
  return [
    ...validateSelectedSpec(spec),
    ...validateCompletionsUpdate(spec, before),
    ...validateImmutableField(spec.selector, before.selector, specPath.child("selector")),
    ...validateTemplateUpdate(spec, before, old),
    ...fixedFields.flatMap((field) => validateImmutableField(spec[field], before[field], specPath.child(field))),
  ];
}

function validateCompletionsUpdate(spec: JobSpec, old: JobSpec): FieldError[] {
  const at = specPath.child("completions");
  if (spec.completionMode !== "Indexed") return validateImmutableField(spec.completions, old.completions, at);
  const { completions, parallelism } = spec;
  if (completions === old.completions || completions === undefined || completions === parallelism) return [];
  return [invalidValue(at, completions, "can only be modified in tandem with spec.parallelism")];
}

/** Where the Pods of a Job that is suspended, and has none running, go and what they ask for may change. */
function validateTemplateUpdate(spec: JobSpec, before: JobSpec, old: Job): FieldError[] {
  const { startTime, active = 0, conditions = [] } = old.status ?? {};
  const suspended = conditions.some((condition) => condition.type === "Suspended" && condition.status === "True");
  const idle = before.suspend === true && (startTime === undefined || (suspended && active === 0));
  const template = spec.template ?? {};
  if (deepEqual(template, before.template ?? {})) return [];
  const compared = idle ? withPlacementOf(before.template ?? {}, template) : before.template;
  return validateImmutableField(template, compared, templatePath);
}

function withPlacementOf(old: PodTemplateSpec, given: PodTemplateSpec): PodTemplateSpec {
  const merged = clone<object>(old) as { metadata?: Record<string, unknown>; spec?: Record<string, unknown> };
  const take = (part: "metadata" | "spec", fields: readonly string[]) => {
    const source = given[part] as Record<string, unknown> | undefined;
    const target: Record<string, unknown> = { ...merged[part] };
    for (const field of fields) {
      if (source?.[field] === undefined) delete target[field];
      else target[field] = source[field];
    }
    if (merged[part] !== undefined || Object.keys(target).length > 0) merged[part] = target;
  };
  take("metadata", ["annotations", "labels"]);
  take("spec", ["nodeSelector", "tolerations", "schedulingGates"]);
  if (merged.spec !== undefined) {
    setAffinity(merged.spec, given);
    for (const list of ["containers", "initContainers"] as const) setResources(merged.spec, given, list);
  }
  return merged as object as PodTemplateSpec;
}

function setAffinity(spec: Record<string, unknown>, given: PodTemplateSpec): void {
  const { nodeAffinity: _, ...others } = (spec["affinity"] ?? {}) as Record<string, unknown>;
  const wanted = given.spec?.affinity;
  const nodeAffinity = wanted?.nodeAffinity;
  const affinity = { ...others, ...(nodeAffinity === undefined ? {} : { nodeAffinity }) };
  if (wanted === undefined && Object.keys(affinity).length === 0) delete spec["affinity"];
  else spec["affinity"] = affinity;
}

/** Container by container, while there are as many as before. */
function setResources(
  spec: Record<string, unknown>,
  given: PodTemplateSpec,
  list: "containers" | "initContainers",
): void {
  const mine = spec[list] as { resources?: unknown }[] | undefined;
  const theirs = given.spec?.[list];
  if (mine === undefined || theirs?.length !== mine.length) return;
  for (const [i, container] of mine.entries()) {
    const { resources } = theirs[i]!;
    if (resources === undefined) delete container.resources;
    else container.resources = resources;
  }
}
