/** Job: runs pods to completion. Its selector and the labels that match it are made from its uid unless `manualSelector`. */

import { formatLabelSelector, humanDuration, parseTime } from "@kubets/apimachinery";
import { ageColumn, column, containerColumns, nameColumn } from "../columns.ts";
import { setPodSpecDefaults } from "../core/pod-spec-defaults.ts";
import { define } from "../define.ts";
import type { Strategy } from "../definition.ts";
import type { Job, JobSpec } from "../generated/types.ts";
import { metadataOf, specStrategy, statusStrategy } from "../strategy.ts";
import { validateJobStatusUpdate } from "./job-status-validation.ts";
import { validateJob, validateJobUpdate } from "./job-validation.ts";

const maxInt32 = 2147483647;

function setSpecDefaults(spec: JobSpec): void {
  if (spec.completions === undefined && spec.parallelism === undefined) {
    spec.completions = 1;
    spec.parallelism = 1;
  }
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : maxInt32;
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? "TerminatingOrFailed" : "Failed";
  spec.manualSelector ??= false;
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= "True";
  }
}

const prefix = "batch.kubernetes.io/";

function generateSelector(job: Job): void {
  const { spec } = job;
  if (spec === undefined || spec.manualSelector) return;
  const { uid = "", name = "" } = metadataOf(job);
  spec.template ??= {};
  const template = metadataOf(spec.template);
  // What the user wrote stays, and is refused by validation when it is something else.
  template.labels = {
    "job-name": name,
    [`${prefix}job-name`]: name,
    "controller-uid": uid,
    [`${prefix}controller-uid`]: uid,
    ...template.labels,
  };
  const matchLabels = { [`${prefix}controller-uid`]: uid, ...spec.selector?.matchLabels };
  spec.selector = { ...spec.selector, matchLabels };
}

const rules: Strategy<Job> = {
  setDefaults(job) {
    if (job.spec === undefined) return;
    setSpecDefaults(job.spec);
    if (job.spec.template?.spec !== undefined) setPodSpecDefaults(job.spec.template.spec);
    const labels = job.spec.template?.metadata?.labels;
    if (job.metadata?.labels === undefined && labels !== undefined) metadataOf(job).labels = { ...labels };
  },
  prepareForCreate: generateSelector,
  validate: validateJob,
  validateUpdate: validateJobUpdate,
};

function hasCondition(job: Job, type: string): boolean {
  return job.status?.conditions?.some((c) => c.type === type && c.status === "True") ?? false;
}

function statusText(job: Job): string {
  if (hasCondition(job, "Complete")) return "Complete";
  if (hasCondition(job, "Failed")) return "Failed";
  if (job.metadata?.deletionTimestamp !== undefined) return "Terminating";
  if (hasCondition(job, "Suspended")) return "Suspended";
  return hasCondition(job, "FailureTarget") ? "FailureTarget" : "Running";
}

function completionsText(job: Job): string {
  const succeeded = job.status?.succeeded ?? 0;
  const { completions, parallelism = 0 } = job.spec ?? {};
  if (completions !== undefined) return `${succeeded}/${completions}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText(job: Job, now: number): string {
  const { startTime, completionTime } = job.status ?? {};
  if (startTime === undefined) return "";
  return humanDuration((completionTime === undefined ? now : parseTime(completionTime)) - parseTime(startTime));
}

export const jobDefinition = define<Job>("batch", "v1", "jobs", {
  categories: ["all"],
  strategy: specStrategy(rules),
  status: statusStrategy<Job>({ validate: validateJobStatusUpdate }),
  selectableFields: { "status.successful": (job) => String(job.status?.succeeded ?? 0) },
  columns: [
    nameColumn,
    column("Status", statusText),
    column("Completions", completionsText),
    column("Duration", (job: Job, { now }) => durationText(job, now)),
    ageColumn,
    ...containerColumns((job: Job) => job.spec?.template?.spec?.containers ?? []),
    column("Selector", (job: Job) => formatLabelSelector(job.spec?.selector), { wide: true }),
  ],
});
