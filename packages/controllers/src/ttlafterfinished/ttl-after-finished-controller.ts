/** Deletes finished Jobs when their time to live is over. Behaviour of upstream's pkg/controller/ttlafterfinished. */

import { type Job, jobs } from "@kubets/api";
import { isNotFound, keyOf, parseTime, splitKey } from "@kubets/apimachinery";
import { jobCondition } from "../job/job-status.ts";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type Runnable } from "../runtime/controller.ts";

/** Milliseconds until a Job may go, 0 or less when it may; undefined when it stays. Pure. */
export function timeLeft(job: Job, nowMs: number): number | undefined {
  const seconds = job.spec?.ttlSecondsAfterFinished;
  const finished = jobCondition(job, "Complete") ?? jobCondition(job, "Failed");
  if (seconds === undefined || finished === undefined || job.metadata?.deletionTimestamp !== undefined)
    return undefined;
  return parseTime(finished.lastTransitionTime) + seconds * 1000 - nowMs;
}

function create(context: ControllerContext): Runnable {
  const informer = context.informers.informer(jobs);
  const controller = new Controller({
    name: "ttl-after-finished-controller",
    queueName: "ttl_jobs_to_delete",
    clock: context.clock,
    logger: context.logger,
    meters: context.meters,
    async reconcile(key, signal) {
      const cached = informer.lister.getByKey(key);
      const left = cached && timeLeft(cached, context.clock.now());
      if (left === undefined) return undefined;
      if (left > 0) return { requeueAfterMs: left };
      const { namespace = "", name } = splitKey(key);
      const client = context.client.resource(jobs).namespace(namespace);
      try {
        // The newest, for its time to live may just have been made longer.
        const fresh = await client.get(name, { signal });
        const still = timeLeft(fresh, context.clock.now());
        if (still === undefined) return undefined;
        if (still > 0) return { requeueAfterMs: still };
        const { uid, resourceVersion } = fresh.metadata ?? {};
        const preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
        await client.delete(name, { propagationPolicy: "Foreground", preconditions, signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      return undefined;
    },
  });
  const enqueue = (job: Job) => {
    if (timeLeft(job, context.clock.now()) !== undefined) controller.enqueue(keyOf(job));
  };
  informer.addHandler({ add: enqueue, update: (_, job) => enqueue(job) });
  return controller;
}

export const ttlAfterFinishedController: ControllerDefinition = {
  name: "ttl-after-finished-controller",
  serviceAccount: "ttl-after-finished-controller",
  create,
};
