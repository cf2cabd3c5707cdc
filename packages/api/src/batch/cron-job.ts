/** CronJob: makes Jobs on a schedule. */

import { formatLabelSelector } from "@kubets/apimachinery";
import { ageColumn, column, containerColumns, nameColumn, since } from "../columns.ts";
import { setPodSpecDefaults } from "../core/pod-spec-defaults.ts";
import { define } from "../define.ts";
import type { Strategy } from "../definition.ts";
import type { CronJob } from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";
import { validateCronJob, validateCronJobUpdate } from "./cron-job-validation.ts";

const rules: Strategy<CronJob> = {
  setDefaults({ spec }) {
    if (spec === undefined) return;
    spec.concurrencyPolicy ||= "Allow";
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    const podSpec = spec.jobTemplate?.spec?.template?.spec;
    if (podSpec !== undefined) setPodSpecDefaults(podSpec);
  },
  validate: validateCronJob,
  validateUpdate: validateCronJobUpdate,
};

function lastSchedule(job: CronJob, now: number): string {
  const time = job.status?.lastScheduleTime;
  return time === undefined ? "<none>" : since(time, now);
}

function suspendText(job: CronJob): string {
  const suspend = job.spec?.suspend;
  if (suspend === undefined) return "<unset>";
  return suspend ? "True" : "False";
}

export const cronJobDefinition = define<CronJob>("batch", "v1", "cronjobs", {
  shortNames: ["cj"],
  categories: ["all"],
  strategy: specStrategy(rules),
  status: statusStrategy<CronJob>(),
  columns: [
    nameColumn,
    column("Schedule", (job: CronJob) => job.spec?.schedule ?? ""),
    column("Timezone", (job: CronJob) => job.spec?.timeZone ?? "<none>"),
    column("Suspend", suspendText, { type: "boolean" }),
    column("Active", (job: CronJob) => job.status?.active?.length ?? 0, { type: "integer" }),
    column("Last Schedule", (job: CronJob, { now }) => lastSchedule(job, now)),
    ageColumn,
    ...containerColumns((job: CronJob) => job.spec?.jobTemplate?.spec?.template?.spec?.containers ?? []),
    column("Selector", (job: CronJob) => formatLabelSelector(job.spec?.jobTemplate?.spec?.selector), { wide: true }),
  ],
});
