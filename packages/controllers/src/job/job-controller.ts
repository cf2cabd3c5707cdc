/** Runs pods until enough of them have succeeded. Behaviour of upstream's pkg/controller/job, with pods tracked by finalizer so that none is lost or counted twice. */

import { type Job, type JobStatus, jobs, type Pod, pods as podResource } from "@kubets/api";
import { clone, deepEqual, formatTime, isNotFound, keyOf, selectorFromLabelSelector } from "@kubets/apimachinery";
import type { EventRecorder, Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import { claimable, controllerIndex, indexByController } from "../runtime/controller-index.ts";
import { controllerOf, refersTo } from "../runtime/controller-ref.ts";
import { claimObjects } from "../runtime/controller-ref-manager.ts";
import { nonZero } from "../runtime/counts.ts";
import { Expectations } from "../runtime/expectations.ts";
import { PodControl } from "../runtime/pod-control.ts";
import { isPodReady, isPodTerminating } from "../runtime/pods.ts";
import { slowStartBatch } from "../runtime/slow-start.ts";
import { indexPod, missingIndexes } from "./job-indexes.ts";
import {
  backoffMs,
  countPods,
  deadlineMs,
  formatIndexes,
  hasTracking,
  isIndexed,
  isJobFinished,
  type JobCounts,
  jobCondition,
  judge,
  trackingFinalizer,
  type Verdict,
  wantedActive,
  withJobCondition,
} from "./job-status.ts";

const maxPodsPerPass = 500;

class JobController implements Runnable {
  readonly #context: ControllerContext;
  readonly #jobs: Informer<Job>;
  readonly #pods: Informer<Pod>;
  readonly #recorder: EventRecorder;
  readonly #podControl: PodControl;
  readonly #expectations: Expectations;
  readonly #controller: Controller;
  /** Uids of pods whose finalizer was taken off and whose cache entry still has it. */
  readonly #released = new Set<string>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#recorder = context.recorder("job-controller");
    this.#jobs = context.informers.informer(jobs);
    this.#pods = context.informers.informer(podResource);
    this.#podControl = new PodControl(context.client, this.#recorder, jobs);
    this.#expectations = new Expectations(context.clock);
    this.#controller = new Controller({
      name: "job-controller",
      queueName: "job",
      reconcile: (key, signal) => this.#reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    this.#pods.addIndex(controllerIndex, indexByController);
    const enqueue = (job: Job) => this.#controller.enqueue(keyOf(job));
    this.#jobs.addHandler({ add: enqueue, update: (_, job) => enqueue(job), delete: enqueue });
    this.#pods.addHandler({
      add: (pod) => this.#podChanged(pod, isPodTerminating(pod) ? "deleted" : "created"),
      update: (old, pod) => {
        if (!hasTracking(pod)) this.#released.delete(pod.metadata?.uid ?? "");
        this.#podChanged(pod, isPodTerminating(pod) && !isPodTerminating(old) ? "deleted" : "changed");
      },
      delete: (pod) => {
        this.#released.delete(pod.metadata?.uid ?? "");
        this.#podChanged(pod, "deleted");
      },
    });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  #podChanged(pod: Pod, how: "created" | "changed" | "deleted"): void {
    const reference = controllerOf(pod);
    if (reference === undefined || !refersTo(reference, jobs)) return;
    const job = this.#jobs.lister.get(pod.metadata?.namespace, reference.name);
    if (job?.metadata?.uid !== reference.uid || job === undefined) {
      // Its Job is gone; so must the finalizer be, or the pod would stay for ever.
      if (hasTracking(pod)) this.#controller.enqueue(`${pod.metadata?.namespace}/${reference.name}`);
      return;
    }
    if (how === "created") this.#expectations.creationObserved(keyOf(job));
    if (how === "deleted") this.#expectations.deletionObserved(keyOf(job), keyOf(pod));
    this.#controller.enqueue(keyOf(job));
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const job = this.#jobs.lister.getByKey(key);
    if (job === undefined) {
      this.#expectations.forget(key);
      await this.#releaseOrphans(key, signal);
      return undefined;
    }
    if (job.spec?.managedBy !== undefined && job.spec.managedBy !== "kubernetes.io/job-controller") return undefined;
    const pods = await this.#claim(job, signal);
    if (isJobFinished(job) || job.metadata?.deletionTimestamp !== undefined) {
      await this.#release(pods, signal);
      return undefined;
    }
    return await this.#sync(key, job, pods, signal);
  }

  async #claim(job: Job, signal: AbortSignal): Promise<Pod[]> {
    return await claimObjects(claimable(this.#pods.lister, job), {
      client: this.#context.client,
      resource: podResource,
      owner: job,
      ownerResource: jobs,
      selector: selectorFromLabelSelector(job.spec?.selector),
      signal,
    });
  }

  async #sync(key: string, job: Job, pods: readonly Pod[], signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const nowMs = this.#context.clock.now();
    const satisfied = this.#expectations.satisfied(key);
    let counts = countPods(job, pods, this.#released);
    const verdict = judge(job, counts, pods, nowMs);
    let wait: number | undefined;
    let failure: unknown;
    if (verdict !== undefined) await this.#stop(key, job, counts.active, signal);
    else if (satisfied) {
      ({ wait, failure } = await this.#manage(key, job, counts, pods, nowMs, signal));
      counts = countPods(job, await this.#claim(job, signal), this.#released);
    }
    await this.#track(job, counts, verdict, nowMs, signal);
    if (failure !== undefined) throw failure;
    const waits = [wait, verdict === undefined ? deadlineMs(job, nowMs) : undefined];
    if (!satisfied) waits.push(this.#expectations.remainingMs(key));
    const due = waits.filter((ms): ms is number => ms !== undefined && ms > 0);
    return due.length > 0 ? { requeueAfterMs: Math.min(...due) } : undefined;
  }

  async #manage(
    key: string,
    job: Job,
    counts: JobCounts,
    pods: readonly Pod[],
    nowMs: number,
    signal: AbortSignal,
  ): Promise<{ wait: number | undefined; failure: unknown }> {
    const missing = wantedActive(job, counts) - counts.active.length;
    if (missing < 0) {
      // The least useful first: those that do not run yet, then the youngest.
      const order = [...counts.active].sort((a, b) => Number(isPodReady(a)) - Number(isPodReady(b)));
      const surplus = order.slice(0, -missing);
      // They did nothing wrong, so they are not counted.
      await this.#release(surplus, signal);
      await this.#stop(key, job, surplus, signal);
      return { wait: undefined, failure: undefined };
    }
    const replacesOnlyFailed = job.spec?.podReplacementPolicy === "Failed";
    if (missing === 0 || (counts.terminating > 0 && replacesOnlyFailed)) return { wait: undefined, failure: undefined };
    const wait = backoffMs(counts, pods, nowMs);
    if (wait > 0) return { wait, failure: undefined };
    return { wait: undefined, failure: await this.#start(key, job, counts, Math.min(missing, maxPodsPerPass), signal) };
  }

  async #start(key: string, job: Job, counts: JobCounts, count: number, signal: AbortSignal): Promise<unknown> {
    const indexes = isIndexed(job) ? missingIndexes(job, counts, count) : undefined;
    const total = indexes?.length ?? count;
    if (total === 0) return undefined;
    this.#expectations.expectCreations(key, total);
    const { successes, error } = await slowStartBatch(total, 1, async (at) => {
      await this.#podControl.create(job, job.spec?.template, signal, (pod) => {
        const index = indexes?.[at];
        pod.metadata = { ...pod.metadata, finalizers: [...(pod.metadata?.finalizers ?? []), trackingFinalizer] };
        if (index !== undefined) indexPod(pod, job, index, this.#context.random);
      });
    });
    for (let skipped = total - successes; skipped > 0; skipped--) this.#expectations.creationObserved(key);
    return error;
  }

  /** Deletes pods that still run. Those that have their finalizer stay until they have been counted. */
  async #stop(key: string, job: Job, pods: readonly Pod[], signal: AbortSignal): Promise<void> {
    if (pods.length === 0) return;
    this.#expectations.expectDeletions(key, pods.map(keyOf));
    for (const pod of pods) {
      try {
        await this.#podControl.delete(job, pod, signal);
      } catch (error) {
        this.#expectations.deletionObserved(key, keyOf(pod));
        throw error;
      }
    }
  }

  /**
   * Counting in three steps, each repeatable: note the finished pods' uids in the status, take their finalizers off, move them from the
   * notes to the counts. A crash between any two counts no pod twice.
   */
  async #track(
    job: Job,
    counts: JobCounts,
    verdict: Verdict | undefined,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const uncounted = job.status?.uncountedTerminatedPods ?? {};
    const uids = (list: readonly Pod[]) => list.map(({ metadata }) => metadata?.uid ?? "");
    const succeeded = [...(uncounted.succeeded ?? []), ...uids(counts.newSucceeded)];
    const failed = [...(uncounted.failed ?? []), ...uids(counts.newFailed)];
    let current = job;
    const base = this.#statusOf(job, counts, nowMs);
    if (counts.newSucceeded.length + counts.newFailed.length > 0) {
      const noted = {
        ...base,
        ...nonZero({ succeeded: job.status?.succeeded, failed: job.status?.failed }),
        uncountedTerminatedPods: {
          ...(succeeded.length > 0 ? { succeeded } : {}),
          ...(failed.length > 0 ? { failed } : {}),
        },
      };
      current = await this.#write(current, noted, signal);
    }
    const noted = new Set([...succeeded, ...failed]);
    const owned = this.#pods.lister.byIndex(controllerIndex, job.metadata?.uid ?? "");
    await this.#release(
      owned.filter(({ metadata }) => noted.has(metadata?.uid ?? "")),
      signal,
    );
    let status: JobStatus = {
      ...base,
      ...nonZero({ succeeded: counts.succeeded, failed: counts.failed }),
      uncountedTerminatedPods: {},
    };
    status = this.#conclude(job, status, counts, verdict, nowMs);
    await this.#write(current, status, signal);
  }

  /** The target conditions come at once, the final ones when the last pod has ended. */
  #conclude(job: Job, status: JobStatus, counts: JobCounts, verdict: Verdict | undefined, nowMs: number): JobStatus {
    if (verdict === undefined) return status;
    const target = verdict.type === "Failed" ? "FailureTarget" : "SuccessCriteriaMet";
    let next = jobCondition(job, target) ? status : withJobCondition(status, target, "True", verdict, nowMs);
    if (counts.active.length + counts.terminating > 0) return next;
    next = withJobCondition(next, verdict.type, "True", verdict, nowMs);
    if (verdict.type === "Complete") {
      next.completionTime = formatTime(nowMs);
      this.#recorder.event(job, "Normal", "Completed", "Job completed");
    } else this.#recorder.event(job, "Warning", verdict.reason, verdict.message);
    return next;
  }

  #statusOf(job: Job, counts: JobCounts, nowMs: number): JobStatus {
    const { active: _a, ready: _r, terminating: _t, succeeded: _s, failed: _f, ...old } = clone(job.status ?? {});
    let status: JobStatus = {
      ...old,
      ...nonZero({ active: counts.active.length }),
      ready: counts.ready,
      terminating: counts.terminating,
    };
    if (isIndexed(job) && counts.completedIndexes.size > 0)
      status.completedIndexes = formatIndexes(counts.completedIndexes);
    const suspended = jobCondition(job, "Suspended") !== undefined;
    if (job.spec?.suspend && !suspended) {
      status = withJobCondition(
        status,
        "Suspended",
        "True",
        { reason: "JobSuspended", message: "Job suspended" },
        nowMs,
      );
      delete status.startTime;
      this.#recorder.event(job, "Normal", "Suspended", "Job suspended");
    } else if (!job.spec?.suspend && suspended) {
      status = withJobCondition(status, "Suspended", "False", { reason: "JobResumed", message: "Job resumed" }, nowMs);
      this.#recorder.event(job, "Normal", "Resumed", "Job resumed");
    }
    if (!job.spec?.suspend && status.startTime === undefined) status.startTime = formatTime(nowMs);
    return status;
  }

  async #write(job: Job, status: JobStatus, signal: AbortSignal): Promise<Job> {
    if (deepEqual(job.status ?? {}, status)) return job;
    return await this.#context.client.resource(jobs).updateStatus({ ...clone(job), status }, { signal });
  }

  /** Takes the finalizer off. */
  async #release(pods: readonly Pod[], signal: AbortSignal): Promise<void> {
    for (const pod of pods) {
      const { uid = "", namespace = "", name = "", finalizers = [] } = pod.metadata ?? {};
      if (!hasTracking(pod) || this.#released.has(uid)) continue;
      const left = finalizers.filter((finalizer) => finalizer !== trackingFinalizer);
      const patch = { metadata: { uid, finalizers: left.length > 0 ? left : null } };
      this.#released.add(uid);
      try {
        const client = this.#context.client.resource(podResource).namespace(namespace);
        await client.patch(name, "application/merge-patch+json", patch, { signal });
      } catch (error) {
        this.#released.delete(uid);
        if (!isNotFound(error)) throw error;
      }
    }
  }

  async #releaseOrphans(key: string, signal: AbortSignal): Promise<void> {
    const [namespace = "", name] = key.split("/");
    const abandoned = this.#pods.lister.list(namespace).filter((pod) => {
      const reference = controllerOf(pod);
      return hasTracking(pod) && reference !== undefined && refersTo(reference, jobs) && reference.name === name;
    });
    await this.#release(abandoned, signal);
  }
}

export const jobController: ControllerDefinition = {
  name: "job-controller",
  serviceAccount: "job-controller",
  create: (context) => new JobController(context),
};
