/** Makes Jobs on a schedule. Behaviour of upstream's pkg/controller/cronjob (v2). */

import { type CronJob, type CronSchedule, cronJobs, type Job, jobs, parseSchedule, timeZoneProblem } from "@kubets/api";
import {
  clone,
  deepEqual,
  formatTime,
  isAlreadyExists,
  isNotFound,
  keyOf,
  messageOf,
  parseTime,
} from "@kubets/apimachinery";
import type { EventRecorder, Informer } from "@kubets/client";
import { isJobFinished, jobCondition } from "../job/job-status.ts";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, isNamespaceTerminating, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import { controllerIndex, indexByController } from "../runtime/controller-index.ts";
import { controllerOf, newControllerRef, refersTo } from "../runtime/controller-ref.ts";

/** A little late rather than a little early: times are whole seconds. */
const marginMs = 100;
const manyMissed = 100;
const scheduledAnnotation = "batch.kubernetes.io/cronjob-scheduled-timestamp";

class CronJobController implements Runnable {
  readonly #context: ControllerContext;
  readonly #cronJobs: Informer<CronJob>;
  readonly #jobs: Informer<Job>;
  readonly #recorder: EventRecorder;
  readonly #controller: Controller;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#recorder = context.recorder("cronjob-controller");
    this.#cronJobs = context.informers.informer(cronJobs);
    this.#jobs = context.informers.informer(jobs);
    this.#controller = new Controller({
      name: "cronjob-controller",
      queueName: "cronjob",
      reconcile: (key, signal) => this.#reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    this.#jobs.addIndex(controllerIndex, indexByController);
    const enqueue = (cronJob: CronJob) => this.#controller.enqueue(keyOf(cronJob));
    this.#cronJobs.addHandler({ add: enqueue, update: (_, cronJob) => enqueue(cronJob) });
    const ofJob = (job: Job) => {
      const reference = controllerOf(job);
      if (reference === undefined || !refersTo(reference, cronJobs)) return;
      const cronJob = this.#cronJobs.lister.get(job.metadata?.namespace, reference.name);
      if (cronJob !== undefined && cronJob.metadata?.uid === reference.uid) enqueue(cronJob);
    };
    this.#jobs.addHandler({ add: ofJob, update: (_, job) => ofJob(job), delete: ofJob });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const cached = this.#cronJobs.lister.getByKey(key);
    if (cached === undefined) return undefined;
    const cronJob = clone(cached);
    const owned = [...this.#jobs.lister.byIndex(controllerIndex, cronJob.metadata?.uid ?? "")];
    await this.#takeStock(cronJob, owned, signal);
    await this.#cleanUp(cronJob, owned, signal);
    let result: ReconcileResult | undefined;
    try {
      if (cronJob.metadata?.deletionTimestamp === undefined && !cronJob.spec?.suspend)
        result = await this.#schedule(cronJob, owned, signal);
    } finally {
      await this.#writeStatus(cached, cronJob, signal);
    }
    return result;
  }

  /** Brings the list of active Jobs up to date. */
  async #takeStock(cronJob: CronJob, owned: readonly Job[], signal: AbortSignal): Promise<void> {
    cronJob.status ??= {};
    const { status } = cronJob;
    for (const job of owned) {
      const { name = "", uid = "" } = job.metadata ?? {};
      const listed = status.active?.some((entry) => entry.uid === uid) ?? false;
      if (!listed && !isJobFinished(job)) {
        this.#recorder.event(
          cronJob,
          "Warning",
          "UnexpectedJob",
          `Saw a job that the controller did not create or forgot: ${name}`,
        );
      } else if (listed && isJobFinished(job)) {
        status.active = status.active?.filter((entry) => entry.uid !== uid) ?? [];
        const how = jobCondition(job, "Complete") ? "Complete" : "Failed";
        this.#recorder.event(cronJob, "Normal", "SawCompletedJob", `Saw completed job: ${name}, condition: ${how}`);
      }
      const completed = jobCondition(job, "Complete") ? job.status?.completionTime : undefined;
      if (completed !== undefined && !(parseTime(completed) <= parseTime(status.lastSuccessfulTime)))
        status.lastSuccessfulTime = completed;
    }
    for (const entry of status.active ?? []) {
      if (owned.some(({ metadata }) => metadata?.uid === entry.uid)) continue;
      const client = this.#context.client.resource(jobs).namespace(cronJob.metadata?.namespace ?? "");
      const there = await client.get(entry.name ?? "", { signal }).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      if (there?.metadata?.uid === entry.uid) continue;
      this.#recorder.event(cronJob, "Normal", "MissingJob", `Active job went missing: ${entry.name}`);
      status.active = status.active?.filter(({ uid }) => uid !== entry.uid) ?? [];
    }
    if (status.active?.length === 0) delete status.active;
  }

  /** Removes finished Jobs beyond the history limits, oldest first. */
  async #cleanUp(cronJob: CronJob, owned: readonly Job[], signal: AbortSignal): Promise<void> {
    const started = (job: Job) => parseTime(job.status?.startTime ?? job.metadata?.creationTimestamp);
    const trim = async (finished: Job[], limit: number | undefined) => {
      if (limit === undefined) return;
      finished.sort((a, b) => started(a) - started(b) || (keyOf(a) < keyOf(b) ? -1 : 1));
      for (const job of finished.slice(0, Math.max(0, finished.length - limit)))
        await this.#delete(cronJob, job, signal);
    };
    await trim(
      owned.filter((job) => jobCondition(job, "Complete")),
      cronJob.spec?.successfulJobsHistoryLimit,
    );
    await trim(
      owned.filter((job) => jobCondition(job, "Failed")),
      cronJob.spec?.failedJobsHistoryLimit,
    );
  }

  async #delete(cronJob: CronJob, job: Job, signal: AbortSignal): Promise<void> {
    if (job.metadata?.deletionTimestamp !== undefined) return;
    const { namespace = "", name = "", uid } = job.metadata ?? {};
    try {
      await this.#context.client
        .resource(jobs)
        .namespace(namespace)
        .delete(name, { propagationPolicy: "Background", signal });
    } catch (error) {
      if (isNotFound(error)) return;
      this.#recorder.event(cronJob, "Warning", "FailedDelete", `Deleted job: ${messageOf(error)}`);
      throw error;
    }
    const active = (cronJob.status?.active ?? []).filter((entry) => entry.uid !== uid);
    if (cronJob.status?.active !== undefined) cronJob.status.active = active;
    if (active.length === 0) delete cronJob.status?.active;
    this.#recorder.event(cronJob, "Normal", "SuccessfulDelete", `Deleted job ${name}`);
  }

  async #schedule(cronJob: CronJob, owned: readonly Job[], signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const schedule = this.#parse(cronJob);
    if (schedule === undefined) return undefined;
    const nowMs = this.#context.clock.now();
    const due = this.#mostRecent(cronJob, schedule, nowMs);
    const again = (): ReconcileResult | undefined => {
      const next = schedule.next(nowMs);
      return next === undefined ? undefined : { requeueAfterMs: next - nowMs + marginMs };
    };
    if (due === undefined) return again();
    const deadline = cronJob.spec?.startingDeadlineSeconds;
    if (deadline !== undefined && due + Number(deadline) * 1000 < nowMs) {
      const when = new Date(due).toUTCString().replace("GMT", "+0000");
      this.#recorder.event(cronJob, "Warning", "MissSchedule", `Missed scheduled time to start a job: ${when}`);
      return again();
    }
    const name = `${cronJob.metadata?.name}-${Math.floor(due / 60_000)}`;
    const started =
      owned.some(({ metadata }) => metadata?.name === name) ||
      cronJob.status?.active?.some((entry) => entry.name === name);
    if (started || parseTime(cronJob.status?.lastScheduleTime) === due) return again();
    const active = cronJob.status?.active ?? [];
    if (cronJob.spec?.concurrencyPolicy === "Forbid" && active.length > 0) {
      const message = "Not starting job because prior execution is running and concurrency policy is Forbid";
      this.#recorder.event(cronJob, "Normal", "JobAlreadyActive", message);
      return again();
    }
    if (cronJob.spec?.concurrencyPolicy === "Replace") {
      const running = owned.filter(({ metadata }) => active.some(({ uid }) => uid === metadata?.uid));
      for (const job of running) await this.#delete(cronJob, job, signal);
    }
    await this.#start(cronJob, name, due, signal);
    return again();
  }

  #parse(cronJob: CronJob): CronSchedule | undefined {
    const { schedule = "", timeZone } = cronJob.spec ?? {};
    const warn = (reason: string, message: string) => this.#recorder.event(cronJob, "Warning", reason, message);
    const unknownZone = timeZone === undefined ? undefined : timeZoneProblem(timeZone);
    if (unknownZone !== undefined) {
      warn("UnknownTimeZone", `invalid timeZone: "${timeZone}": ${unknownZone}`);
      return undefined;
    }
    if (schedule.includes("TZ")) warn("UnsupportedSchedule", unsupportedZone(schedule));
    try {
      return parseSchedule(schedule, timeZone);
    } catch (error) {
      warn("UnparseableSchedule", `unparseable schedule: "${schedule}" : ${messageOf(error)}`);
      return undefined;
    }
  }

  /** The last time a Job should have been started by now, since the last was. */
  #mostRecent(cronJob: CronJob, schedule: CronSchedule, nowMs: number): number | undefined {
    const { lastScheduleTime } = cronJob.status ?? {};
    let since = parseTime(lastScheduleTime ?? cronJob.metadata?.creationTimestamp);
    const deadline = cronJob.spec?.startingDeadlineSeconds;
    if (deadline !== undefined) since = Math.max(since, nowMs - Number(deadline) * 1000);
    let due: number | undefined;
    let missed = 0;
    for (let next = schedule.next(since); next !== undefined && next <= nowMs; next = schedule.next(next)) {
      due = next;
      missed++;
      // After a long sleep the rest is jumped over: only the last counts.
      if (missed === manyMissed) {
        const message =
          "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
        this.#recorder.event(cronJob, "Warning", "TooManyMissedTimes", message);
        const period = (next - since) / manyMissed;
        next = Math.max(next, nowMs - Math.ceil(period) * 3);
      }
    }
    return due;
  }

  async #start(cronJob: CronJob, name: string, due: number, signal: AbortSignal): Promise<void> {
    const { metadata, spec } = clone(cronJob.spec?.jobTemplate ?? {});
    const job: Job = {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: {
        name,
        namespace: cronJob.metadata?.namespace ?? "",
        ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
        annotations: { ...metadata?.annotations, [scheduledAnnotation]: formatTime(due) },
        ownerReferences: [newControllerRef(cronJob, cronJobs)],
      },
      ...(spec === undefined ? {} : { spec }),
    };
    let created: Job;
    try {
      created = await this.#context.client.resource(jobs).create(job, { signal });
      this.#recorder.event(cronJob, "Normal", "SuccessfulCreate", `Created job ${name}`);
    } catch (error) {
      if (!isAlreadyExists(error)) {
        if (!isNamespaceTerminating(error))
          this.#recorder.event(cronJob, "Warning", "FailedCreate", `Error creating job: ${messageOf(error)}`);
        throw error;
      }
      // Made by an earlier pass that could not write it down.
      created = await this.#context.client
        .resource(jobs)
        .namespace(cronJob.metadata?.namespace ?? "")
        .get(name, { signal });
      if (controllerOf(created)?.uid !== cronJob.metadata?.uid) throw error;
    }
    const { uid = "", resourceVersion = "", namespace = "" } = created.metadata ?? {};
    const entry = { kind: "Job", apiVersion: "batch/v1", namespace, name, uid, resourceVersion };
    cronJob.status = {
      ...cronJob.status,
      lastScheduleTime: formatTime(due),
      active: [...(cronJob.status?.active ?? []), entry],
    };
  }

  async #writeStatus(old: CronJob, next: CronJob, signal: AbortSignal): Promise<void> {
    if (deepEqual(old.status ?? {}, next.status ?? {}) || signal.aborted) return;
    await this.#context.client.resource(cronJobs).updateStatus(next, { signal });
  }
}

export const cronJobController: ControllerDefinition = {
  name: "cronjob-controller",
  serviceAccount: "cronjob-controller",
  create: (context) => new CronJobController(context),
};

function unsupportedZone(schedule: string): string {
  const page = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/";
  return `CRON_TZ or TZ used in schedule "${schedule}" is not officially supported, see ${page} for more details`;
}
