/**
 * What a Job's status may say, and become. Rules about a part are asked only when that part changes: what is there already, or what the
 * spec's change made wrong for a moment, does not stop other updates. Source: pkg/apis/batch/validation, pkg/registry/batch/job.
 */

import {
  deepEqual,
  duplicate,
  type FieldError,
  invalidOmitted,
  invalidValue,
  parseTime,
  path,
  required,
  validateNonnegative,
} from "@kubets/apimachinery";
import type { Job, JobStatus } from "../generated/types.ts";
import { firstOverlap, parseIndexes } from "./job-indexes.ts";

const at = path("status");
const conditionsPath = at.child("conditions");

function has(job: Job, type: string): boolean {
  return job.status?.conditions?.some((c) => c.type === type && c.status === "True") ?? false;
}

const isFinished = (job: Job) => has(job, "Complete") || has(job, "Failed");

interface Change {
  readonly job: Job;
  readonly old: Job;
  readonly status: JobStatus;
  readonly before: JobStatus;
  /** Whether one of these parts of the status is not as it was. */
  changed(...parts: readonly (keyof JobStatus)[]): boolean;
  /** Whether one of these conditions is not as it was. */
  turned(...types: readonly string[]): boolean;
  readonly finishedTurned: boolean;
}

export function validateJobStatusUpdate(job: Job, old: Job): FieldError[] {
  const status = job.status ?? {};
  const before = old.status ?? {};
  const change: Change = {
    job,
    old,
    status,
    before,
    changed: (...parts) => parts.some((part) => !deepEqual(status[part], before[part])),
    turned: (...types) => types.some((type) => has(job, type) !== has(old, type)),
    finishedTurned: isFinished(job) !== isFinished(old),
  };
  return [
    ...validateCounts(status),
    ...validateUncounted(status),
    ...validateConditions(change),
    ...validateTimes(change),
    ...validateFinished(change),
    ...validateIndexes(change),
    ...validateTransitions(change),
  ];
}

function validateCounts(status: JobStatus): FieldError[] {
  return (["active", "succeeded", "failed", "ready", "terminating"] as const).flatMap((field) =>
    validateNonnegative(status[field] ?? 0, at.child(field)),
  );
}

function validateUncounted({ uncountedTerminatedPods: pods }: JobStatus): FieldError[] {
  const seen = new Set<string>();
  return (["succeeded", "failed"] as const).flatMap((field) =>
    (pods?.[field] ?? []).flatMap((uid, i) => {
      const where = at.child("uncountedTerminatedPods", field).index(i);
      if (uid === "") return [invalidValue(where, uid, "must not be empty")];
      if (seen.has(uid)) return [duplicate(where, uid)];
      seen.add(uid);
      return [];
    }),
  );
}

function validateConditions({ job, turned }: Change): FieldError[] {
  const [complete, failed, failureTarget, criteriaMet] = [
    has(job, "Complete"),
    has(job, "Failed"),
    has(job, "FailureTarget"),
    has(job, "SuccessCriteriaMet"),
  ];
  const rules: [wrong: boolean, why: string][] = [
    [turned("Complete", "Failed") && complete && failed, "cannot set Complete=True and Failed=true conditions"],
    [
      turned("Complete", "FailureTarget") && complete && failureTarget,
      "cannot set Complete=True and FailureTarget=true conditions",
    ],
    [
      turned("Failed", "FailureTarget") && failed && !failureTarget,
      "cannot set Failed=True condition without the FailureTarget=true condition",
    ],
    [
      turned("Complete", "SuccessCriteriaMet") && complete && !criteriaMet,
      "cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
    ],
    [criteriaMet && failed, "cannot set SuccessCriteriaMet=True and Failed=true conditions"],
    [criteriaMet && failureTarget, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"],
    [
      job.spec?.successPolicy !== undefined && !criteriaMet && complete,
      "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True",
    ],
  ];
  return rules.filter(([wrong]) => wrong).map(([, why]) => invalidOmitted(conditionsPath, why));
}

function validateTimes({ job, old, status, before, changed, turned }: Change): FieldError[] {
  const errors: FieldError[] = [];
  const { startTime, completionTime } = status;
  const complete = has(job, "Complete");
  const where = at.child("completionTime");
  if (turned("Complete") || changed("completionTime")) {
    if (completionTime !== undefined && !complete) {
      const why = "cannot set completionTime when there is no Complete=True condition";
      errors.push(invalidValue(where, completionTime, why));
    }
    if (completionTime === undefined && complete) {
      errors.push(required(where, "completionTime is required for Complete jobs"));
    }
  }
  const both = startTime !== undefined && completionTime !== undefined;
  if (changed("startTime", "completionTime") && both && parseTime(completionTime) < parseTime(startTime)) {
    errors.push(invalidValue(where, completionTime, "completionTime cannot be set before startTime"));
  }
  const moved = completionTime !== undefined && before.completionTime !== undefined;
  if (moved && completionTime !== before.completionTime) {
    errors.push(invalidValue(where, completionTime, "completionTime cannot be mutated"));
  }
  const running = old.status?.startTime !== undefined && job.spec?.suspend !== true;
  if (running && startTime !== before.startTime) {
    errors.push(required(at.child("startTime"), "startTime cannot be removed for unsuspended job"));
  }
  return errors;
}

function validateFinished({ job, status, changed, finishedTurned }: Change): FieldError[] {
  const errors: FieldError[] = [];
  const { active = 0, ready, terminating = 0, startTime, uncountedTerminatedPods: pods } = status;
  if (isFinished(job)) {
    const asked = (...parts: (keyof JobStatus)[]) => finishedTurned || changed(...parts);
    if (asked("active") && active > 0) {
      errors.push(invalidValue(at.child("active"), active, "active>0 is invalid for finished job"));
    }
    const neverMeant = job.spec?.suspend === true && job.spec.completions === 0;
    if (asked("startTime") && !neverMeant && startTime === undefined) {
      errors.push(required(at.child("startTime"), "startTime is required for finished job"));
    }
    const uncounted = (pods?.failed ?? []).length + (pods?.succeeded ?? []).length;
    if (asked("uncountedTerminatedPods") && uncounted > 0) {
      const why = "uncountedTerminatedPods needs to be empty for finished job";
      errors.push(invalidValue(at.child("uncountedTerminatedPods"), pods, why));
    }
    if (asked("terminating") && terminating > 0) {
      errors.push(invalidValue(at.child("terminating"), terminating, "terminating>0 is invalid for finished job"));
    }
  }
  if (changed("ready", "active") && ready !== undefined && ready > active) {
    errors.push(invalidValue(at.child("ready"), ready, "cannot set more ready pods than active"));
  }
  return errors;
}

function validateIndexes({ job, status, changed }: Change): FieldError[] {
  const { completions, completionMode, backoffLimitPerIndex } = job.spec ?? {};
  const { completedIndexes = "", failedIndexes } = status;
  const errors: FieldError[] = [];
  const check = (field: "completedIndexes" | "failedIndexes", text: string) => {
    const parsed = parseIndexes(text, completions ?? 0);
    if (!("problem" in parsed)) return;
    errors.push(invalidValue(at.child(field), text, `error parsing ${field}: ${parsed.problem}`));
  };
  if (changed("completedIndexes")) {
    if (completions !== undefined) check("completedIndexes", completedIndexes);
    if (completedIndexes !== "" && completionMode !== "Indexed") {
      const why = "cannot set non-empty completedIndexes when non-indexed completion mode";
      errors.push(invalidValue(at.child("completedIndexes"), completedIndexes, why));
    }
  }
  if (failedIndexes === undefined) return errors;
  const where = at.child("failedIndexes");
  if (changed("failedIndexes")) {
    if (backoffLimitPerIndex === undefined) {
      const why = "cannot set non-null failedIndexes when backoffLimitPerIndex is null";
      errors.push(invalidValue(where, failedIndexes, why));
    } else if (completions !== undefined) check("failedIndexes", failedIndexes);
  }
  if (completions !== undefined && changed("failedIndexes", "completedIndexes")) {
    const index = firstOverlap(completedIndexes, failedIndexes, completions);
    const why = `failedIndexes and completedIndexes overlap at index: ${index}`;
    if (index !== undefined) errors.push(invalidValue(where, failedIndexes, why));
  }
  return errors;
}

function validateTransitions({ job, old, status, before }: Change): FieldError[] {
  const errors: FieldError[] = [];
  for (const type of ["Failed", "Complete", "FailureTarget"]) {
    if (has(old, type) && !has(job, type)) {
      errors.push(invalidOmitted(conditionsPath, `cannot disable the terminal ${type}=True condition`));
    }
  }
  if ((status.failed ?? 0) < (before.failed ?? 0)) {
    errors.push(invalidValue(at.child("failed"), status.failed ?? 0, "cannot decrease the failed counter"));
  }
  const { completionMode, completions, parallelism } = job.spec ?? {};
  // An Indexed Job of which all run at once can be made smaller.
  const elastic = completionMode === "Indexed" && completions === parallelism;
  if (!elastic && (status.succeeded ?? 0) < (before.succeeded ?? 0)) {
    errors.push(invalidValue(at.child("succeeded"), status.succeeded ?? 0, "cannot decrease the succeeded counter"));
  }
  const [met, wasMet] = [has(job, "SuccessCriteriaMet"), has(old, "SuccessCriteriaMet")];
  if (wasMet && !met) {
    errors.push(invalidOmitted(conditionsPath, "cannot disable the SuccessCriteriaMet=True condition"));
  }
  if (has(old, "Complete") && !wasMet && met) {
    const why = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions";
    errors.push(invalidOmitted(conditionsPath, why));
  }
  return errors;
}
