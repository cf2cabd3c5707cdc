import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type CronJob, cronJobs, jobs } from "@kubets/api";
import { VirtualClock } from "@kubets/apimachinery";
import { type Harness, startHarness } from "../testing/harness.ts";
import { cronJobController } from "./cronjob-controller.ts";

function every(minutes: number, name: string, extra: Partial<NonNullable<CronJob["spec"]>> = {}): CronJob {
  const template = { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } };
  const jobTemplate = { metadata: { labels: { cron: name } }, spec: { template } };
  return { metadata: { name, namespace: "x" }, spec: { schedule: `*/${minutes} * * * *`, jobTemplate, ...extra } };
}

const jobsOf = async (harness: Harness, name: string) => {
  await harness.quiet();
  return (
    await harness.client
      .resource(jobs)
      .namespace("x")
      .list({ labelSelector: `cron=${name}` })
  ).items;
};

async function finish(harness: Harness, clock: VirtualClock, name: string): Promise<void> {
  const now = new Date(clock.now()).toISOString().replace(/\.\d+Z/, "Z");
  const condition = (type: string) => ({ type, status: "True", lastProbeTime: now, lastTransitionTime: now });
  const conditions = [condition("SuccessCriteriaMet"), condition("Complete")];
  const status = { conditions, startTime: now, completionTime: now, succeeded: 1, uncountedTerminatedPods: {} };
  await harness.client
    .resource(jobs)
    .namespace("x")
    .patch(name, "application/merge-patch+json", { status }, { subresource: "status" });
}

suite("a CronJob", { timeout: 30_000 }, () => {
  test("makes a Job each time, and forgets old ones", async (t) => {
    const clock = new VirtualClock();
    const harness = await startHarness([cronJobController], { clock });
    t.after(() => harness.stop());
    await harness.client.resource(cronJobs).create(every(10, "tick", { successfulJobsHistoryLimit: 1 }));
    assert.equal((await jobsOf(harness, "tick")).length, 0);
    for (let turn = 0; turn < 3; turn++) {
      await clock.advance(10 * 60_000 + 200);
      const made = await jobsOf(harness, "tick");
      const open = made.filter(({ status }) => status?.completionTime === undefined);
      assert.equal(open.length, 1, `turn ${turn}`);
      await finish(harness, clock, open[0]?.metadata?.name ?? "");
    }
    assert.equal((await jobsOf(harness, "tick")).length, 1);
    const { status } = await harness.client.resource(cronJobs).namespace("x").get("tick");
    assert.equal(status?.active, undefined);
    assert.equal(status?.lastScheduleTime, "2026-01-01T00:30:00Z");
    const [job] = await jobsOf(harness, "tick");
    assert.equal(job?.metadata?.name, `tick-${Date.parse("2026-01-01T00:30:00Z") / 60_000}`);
  });

  test("runs one at a time where it is told to", async (t) => {
    const clock = new VirtualClock();
    const harness = await startHarness([cronJobController], { clock });
    t.after(() => harness.stop());
    await harness.client.resource(cronJobs).create(every(1, "forbid", { concurrencyPolicy: "Forbid" }));
    await harness.client.resource(cronJobs).create(every(1, "replace", { concurrencyPolicy: "Replace" }));
    await harness.client.resource(cronJobs).create(every(1, "held", { suspend: true }));
    await harness.quiet();
    for (let minute = 0; minute < 3; minute++) {
      await clock.advance(60_000);
      await harness.quiet();
    }
    await clock.advance(1000);
    assert.equal((await jobsOf(harness, "forbid")).length, 1);
    assert.equal((await jobsOf(harness, "replace")).length, 1);
    assert.equal((await jobsOf(harness, "held")).length, 0);
    const reasons = (await harness.events("x")).map(({ reason }) => reason);
    assert.ok(reasons.includes("JobAlreadyActive") && reasons.includes("SuccessfulDelete"));
  });
});
