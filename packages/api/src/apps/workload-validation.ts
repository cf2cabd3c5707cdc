/** What the rules of the workload kinds have in common. Source: pkg/apis/apps/validation. */

import {
  deepEqual,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isDNS1123Label,
  isValidPercent,
  type KubeObject,
  notSupported,
  path,
  percentOf,
  pushAll,
  required,
  type Selector,
  SelectorError,
  selectorFromLabelSelector,
  validateImmutableField,
  validateLabelSelector,
} from "@kubets/apimachinery";
import { nonNegative } from "../core/pod-field-checks.ts";
import { podTemplateWarnings } from "../core/pod-warnings.ts";
import type { IntOrString, LabelSelector, PodTemplateSpec } from "../generated/types.ts";

export interface WorkloadSpec {
  readonly selector?: LabelSelector;
  readonly template?: PodTemplateSpec;
}

export const templatePath = path("spec.template");

/** `what` names the kind in upstream's text; ReplicaSets are called deployments there. */
export function validateSelector(selector: LabelSelector | undefined, what: string, at: FieldPath): FieldError[] {
  if (selector === undefined) return [required(at)];
  return [...validateLabelSelector(selector, at), ...emptySelector(selector, what, at)];
}

export function emptySelector(selector: LabelSelector | undefined, what: string, at: FieldPath): FieldError[] {
  if (selector === undefined) return [];
  const size = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length;
  return size === 0 ? [invalidValue(at, selector, `empty selector is invalid for ${what}`)] : [];
}

/** A workload must own the Pods it makes; without a selector it owns none. A selector that cannot be is reported elsewhere, or here with `unusable`. */
export function selectorMatchesTemplate(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  at: FieldPath,
  unusable?: FieldError,
): FieldError[] {
  const parsed = tryParse(selector);
  if (parsed === undefined) return unusable === undefined ? [] : [unusable];
  const labels = template?.metadata?.labels;
  if (parsed.empty || parsed.matches(labels)) return [];
  return [invalidValue(at.child("metadata", "labels"), labels ?? null, "`selector` does not match template `labels`")];
}

function tryParse(selector: LabelSelector | undefined): Selector | undefined {
  try {
    return selectorFromLabelSelector(selector);
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

/** Pods of a workload run until it says otherwise. */
export function validateTemplateLifetime(
  template: PodTemplateSpec | undefined,
  kind: string,
  at: FieldPath,
): FieldError[] {
  const spec = template?.spec;
  const errors: FieldError[] = [];
  if (spec?.restartPolicy !== "Always")
    errors.push(notSupported(at.child("spec", "restartPolicy"), spec?.restartPolicy ?? "", ["Always"]));
  if (spec?.activeDeadlineSeconds !== undefined)
    errors.push(
      forbiddenField(at.child("spec", "activeDeadlineSeconds"), `activeDeadlineSeconds in ${kind} is not Supported`),
    );
  return errors;
}

export function validateIntOrPercent(value: IntOrString | undefined, at: FieldPath): FieldError[] {
  if (typeof value === "string") return isValidPercent(value).map((text) => invalidValue(at, value, text));
  return nonNegative(at, value);
}

export function atMost100Percent(value: IntOrString | undefined, at: FieldPath): FieldError[] {
  return (percentOf(value) ?? 0) > 100 ? [invalidValue(at, value, "must not be greater than 100%")] : [];
}

/** The number before a percent sign, or the number; 0 for text that is neither, as Go's IntValue has it. */
export function intOrPercentNumber(value: IntOrString | undefined): number {
  if (typeof value === "number") return value;
  return percentOf(value) ?? (Number.parseInt(value ?? "0", 10) || 0);
}

/** Counts in a status: not negative, and no more than those they are a part of. */
export function validateCounts<T extends object>(
  status: T,
  counts: readonly (keyof T & string)[],
  at: FieldPath,
): FieldError[] {
  return counts.flatMap((name) => nonNegative(at.child(name), status[name] as number | undefined));
}

export function notGreater<T extends object>(
  status: T,
  part: keyof T & string,
  whole: keyof T & string,
  why: string,
  at: FieldPath,
): FieldError[] {
  const value = (status[part] as number | undefined) ?? 0;
  return value > ((status[whole] as number | undefined) ?? 0) ? [invalidValue(at.child(part), value, why)] : [];
}

interface CollisionStatus {
  readonly collisionCount?: number;
}

/** The collision count changes the hash of the template: going back would name an old revision. */
export function collisionCountNotDecremented(
  status: CollisionStatus | undefined,
  old: CollisionStatus | undefined,
): FieldError[] {
  const before = old?.collisionCount;
  const after = status?.collisionCount;
  if (before === undefined || (after !== undefined && after >= before)) return [];
  return [invalidValue(path("status.collisionCount"), after ?? 0, "cannot be decremented")];
}

export function selectorUnchanged(spec: WorkloadSpec | undefined, old: WorkloadSpec | undefined): FieldError[] {
  return validateImmutableField(spec?.selector, old?.selector, path("spec.selector"));
}

/** Of the name, which Pods take up, and of the template when it is new. */
export function workloadWarnings(
  object: KubeObject & { spec?: WorkloadSpec },
  old: typeof object | undefined,
): string[] {
  const warnings: string[] = [];
  if (old === undefined) {
    const problems = isDNS1123Label(object.metadata?.name ?? "");
    if (problems.length > 0)
      warnings.push(
        `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${problems.join(" ")}]`,
      );
  }
  const isNewTemplate = old === undefined || !deepEqual(object.spec?.template, old.spec?.template);
  if (isNewTemplate) pushAll(warnings, podTemplateWarnings(object.spec?.template, templatePath));
  return warnings;
}
