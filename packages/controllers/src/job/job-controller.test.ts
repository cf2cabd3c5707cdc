import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type Job, jobs, type Pod, pods } from "@kubets/api";
import { isNotFound, VirtualClock } from "@kubets/apimachinery";
import { type Harness, startHarness } from "../testing/harness.ts";
import { ttlAfterFinishedController } from "../ttlafterfinished/ttl-after-finished-controller.ts";
import { jobController } from "./job-controller.ts";
import { formatIndexes, parseIndexes } from "./job-status.ts";

let harness: Harness;
let clock: VirtualClock;
before(async () => {
  clock = new VirtualClock();
  harness = await startHarness([jobController, ttlAfterFinishedController], { clock });
});
after(() => harness.stop());

const client = () => harness.client.resource(jobs).namespace("x");

function job(name: string, spec: Partial<NonNullable<Job["spec"]>>): Job {
  const labels = { job: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }], restartPolicy: "Never" } };
  return {
    metadata: { name, namespace: "x" },
    spec: { template, backoffLimit: 6, ...spec },
  };
}

const podsOf = async (name: string): Promise<Pod[]> => {
  await harness.quiet();
  return (await harness.pods("x")).filter((pod) => pod.metadata?.labels?.job === name);
};

async function end(pod: Pod | undefined, phase: "Succeeded" | "Failed"): Promise<void> {
  assert.ok(pod);
  const fresh = await harness.client
    .resource(pods)
    .namespace("x")
    .get(pod.metadata?.name ?? "");
  await harness.client.resource(pods).updateStatus({ ...fresh, status: { ...fresh.status, phase } });
}

const running = async (name: string) => (await podsOf(name)).filter((pod) => pod.status?.phase === "Running");
const conditions = async (name: string) =>
  ((await client().get(name)).status?.conditions ?? [])
    .filter(({ status }) => status === "True")
    .map(({ type, reason }) => `${type} ${reason}`);

suite("a Job", { timeout: 30_000 }, () => {
  test("runs as many at once as it may until enough have succeeded, then goes when its time is over", async () => {
    await client().create(job("three", { completions: 3, parallelism: 2, ttlSecondsAfterFinished: 60 }));
    for (let left = 3; left > 0; left--) {
      const now = await running("three");
      assert.equal(now.length, Math.min(left, 2));
      await end(now[0], "Succeeded");
    }
    await harness.quiet();
    const { status } = await client().get("three");
    assert.deepEqual([status?.succeeded, status?.active, status?.uncountedTerminatedPods], [3, undefined, {}]);
    assert.deepEqual(await conditions("three"), [
      "SuccessCriteriaMet CompletionsReached",
      "Complete CompletionsReached",
    ]);
    assert.ok(status?.completionTime);
    assert.ok((await podsOf("three")).every(({ metadata }) => metadata?.finalizers === undefined));
    await clock.advance(61_000);
    await harness.quiet();
    await harness.eventually(async () => {
      const found = await client()
        .get("three")
        .catch((error: unknown) => (isNotFound(error) ? undefined : Promise.reject(error)));
      return found === undefined || found.metadata?.deletionTimestamp !== undefined;
    }, "the end");
  });

  test("tries again, later and later, and gives up at its limit", async () => {
    await client().create(job("fails", { completions: 1, parallelism: 1, backoffLimit: 1 }));
    await end((await running("fails"))[0], "Failed");
    assert.equal((await running("fails")).length, 0, "not at once");
    await clock.advance(11_000);
    await end((await running("fails"))[0], "Failed");
    await harness.quiet();
    assert.deepEqual(await conditions("fails"), ["FailureTarget BackoffLimitExceeded", "Failed BackoffLimitExceeded"]);
    assert.equal((await client().get("fails")).status?.failed, 2);
  });

  test("stops at its deadline", async () => {
    await client().create(job("late", { completions: 1, parallelism: 1, activeDeadlineSeconds: 30 }));
    assert.equal((await running("late")).length, 1);
    await clock.advance(31_000);
    assert.equal((await podsOf("late")).length, 0);
    assert.deepEqual(await conditions("late"), ["FailureTarget DeadlineExceeded", "Failed DeadlineExceeded"]);
  });

  test("can be held and let go", async () => {
    await client().create(job("held", { completions: 1, parallelism: 1 }));
    assert.equal((await running("held")).length, 1);
    await client().patch("held", "application/merge-patch+json", { spec: { suspend: true } });
    assert.equal((await podsOf("held")).length, 0);
    assert.deepEqual(await conditions("held"), ["Suspended JobSuspended"]);
    await client().patch("held", "application/merge-patch+json", { spec: { suspend: false } });
    assert.equal((await running("held")).length, 1);
    assert.equal((await client().get("held")).status?.failed, undefined);
  });

  test("with indexes, each is done once", async () => {
    await client().create(job("idx", { completions: 3, parallelism: 3, completionMode: "Indexed" }));
    const all = await running("idx");
    const index = (pod: Pod) => pod.metadata?.annotations?.["batch.kubernetes.io/job-completion-index"];
    assert.deepEqual(all.map(index).sort(), ["0", "1", "2"]);
    assert.equal(all[0]?.spec?.containers[0]?.env?.[0]?.name, "JOB_COMPLETION_INDEX");
    await end(
      all.find((pod) => index(pod) === "0"),
      "Succeeded",
    );
    await end(
      all.find((pod) => index(pod) === "2"),
      "Succeeded",
    );
    await harness.quiet();
    assert.equal((await client().get("idx")).status?.completedIndexes, "0,2");
    await end(
      all.find((pod) => index(pod) === "1"),
      "Succeeded",
    );
    await harness.quiet();
    assert.equal((await client().get("idx")).status?.completedIndexes, "0-2");
    assert.ok((await conditions("idx")).includes("Complete CompletionsReached"));
  });
});

test("index lists", () => {
  for (const text of ["", "0", "1,3-5,7", "2,3", "0-9"]) assert.equal(formatIndexes(parseIndexes(text)), text);
});
