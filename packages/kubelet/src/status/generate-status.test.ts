import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Pod, PodStatus } from "@kubets/api";
import type { RuntimePod } from "../runtime/pod-status.ts";
import { exited, running, runtimePod, sandbox, testContainer, testPod } from "../testing/pods.ts";
import type { StatusInput } from "./generate-status.ts";
import { alwaysReady, generateStatus } from "./generate-status.ts";
import { statusPatch } from "./status-patch.ts";

const app = testContainer("app");
const first = testContainer("first");
const side = testContainer("side", { restartPolicy: "Always" });
const now = Date.parse("2026-01-01T00:00:10Z");

function status(pod: Pod, runtime: RuntimePod, rest: Partial<StatusInput> = {}): PodStatus {
  return generateStatus({
    pod,
    runtime,
    old: {},
    failures: new Map(),
    readiness: alwaysReady,
    runtimeName: "containerd",
    hostIPs: ["192.0.2.1"],
    isTerminal: false,
    now,
    ...rest,
  });
}

const phases: { what: string; pod: Pod; runtime: RuntimePod; terminal?: boolean; want: string }[] = [
  { what: "nothing yet", pod: testPod(), runtime: runtimePod([], []), want: "Pending" },
  { what: "running", pod: testPod(), runtime: runtimePod([running(app)]), want: "Running" },
  { what: "ended, to be restarted", pod: testPod(), runtime: runtimePod([exited(app, 1)]), want: "Running" },
  {
    what: "ended well, not restarted",
    pod: testPod({ restartPolicy: "Never" }),
    runtime: runtimePod([exited(app, 0)]),
    want: "Succeeded",
  },
  {
    what: "failed, not restarted",
    pod: testPod({ restartPolicy: "Never" }),
    runtime: runtimePod([exited(app, 2)]),
    want: "Failed",
  },
  {
    what: "failed, restarted on failure",
    pod: testPod({ restartPolicy: "OnFailure" }),
    runtime: runtimePod([exited(app, 2)]),
    want: "Running",
  },
  {
    what: "ended well for good",
    pod: testPod(),
    runtime: runtimePod([exited(app, 0)]),
    terminal: true,
    want: "Succeeded",
  },
  {
    what: "initializing",
    pod: testPod({ initContainers: [first] }),
    runtime: runtimePod([running(first)]),
    want: "Pending",
  },
  {
    what: "initialization failed for good",
    pod: testPod({ restartPolicy: "Never", initContainers: [first] }),
    runtime: runtimePod([exited(first, 1)]),
    want: "Failed",
  },
  {
    what: "running beside its sidecar",
    pod: testPod({ initContainers: [side] }),
    runtime: runtimePod([running(app), running(side)]),
    want: "Running",
  },
];

describe("phase", () => {
  for (const { what, pod, runtime, terminal, want } of phases) {
    it(what, () => assert.equal(status(pod, runtime, { isTerminal: terminal ?? false }).phase, want));
  }
});

describe("container statuses", () => {
  it("waits with the reason it could not start for", () => {
    const failures = new Map([["app", { reason: "ErrImagePull", message: "no" }]]);
    const got = status(testPod(), runtimePod([]), { failures }).containerStatuses?.[0];
    assert.deepEqual(got?.state, { waiting: { reason: "ErrImagePull", message: "no" } });
  });
  it("moves the end of a container that backs off to lastState", () => {
    const failures = new Map([["app", { reason: "CrashLoopBackOff", message: "back-off" }]]);
    const got = status(testPod(), runtimePod([exited(app, 3)]), { failures }).containerStatuses?.[0];
    assert.equal(got?.state?.waiting?.reason, "CrashLoopBackOff");
    assert.equal(got?.lastState?.terminated?.exitCode, 3);
  });
  it("keeps the previous instance as lastState", () => {
    const runtime = runtimePod([running(app, { id: "app-1", restartCount: 1 }), exited(app, 5)]);
    const got = status(testPod(), runtime).containerStatuses?.[0];
    assert.equal(got?.restartCount, 1);
    assert.equal(got?.lastState?.terminated?.exitCode, 5);
  });
  it("counts a running container that vanished as ended", () => {
    const old = status(testPod(), runtimePod([running(app)]));
    const got = status(testPod(), runtimePod([], []), { old }).containerStatuses?.[0];
    assert.equal(got?.restartCount, 1);
    assert.equal(got?.lastState?.terminated?.reason, "ContainerStatusUnknown");
  });
  it("sorts main containers by name", () => {
    const pod = testPod({ containers: [testContainer("z"), testContainer("a")] });
    assert.deepEqual(
      status(pod, runtimePod([])).containerStatuses?.map((s) => s.name),
      ["a", "z"],
    );
  });
});

describe("conditions", () => {
  const find = (got: PodStatus, type: string) => got.conditions?.find((c) => c.type === type);
  it("name what is not ready", () => {
    const readiness = { ...alwaysReady, ready: () => false };
    const got = status(testPod(), runtimePod([running(app)]), { readiness });
    assert.equal(find(got, "Ready")?.reason, "ContainersNotReady");
    assert.equal(find(got, "Ready")?.message, "containers with unready status: [app]");
  });
  it("wait for readiness gates", () => {
    const pod = testPod({ readinessGates: [{ conditionType: "example.com/ok" }] });
    const got = status(pod, runtimePod([running(app)]));
    assert.equal(find(got, "ContainersReady")?.status, "True");
    assert.equal(find(got, "Ready")?.reason, "ReadinessGatesNotReady");
    const old = { conditions: [{ type: "example.com/ok", status: "True" }] };
    assert.equal(find(status(pod, runtimePod([running(app)]), { old }), "Ready")?.status, "True");
  });
  it("keep their time while they keep their status", () => {
    const old = status(testPod(), runtimePod([running(app)]), { now: now - 5000 });
    const got = status(testPod(), runtimePod([running(app)]), { old });
    assert.equal(find(got, "Ready")?.lastTransitionTime, "2026-01-01T00:00:05Z");
    const unready = status(testPod(), runtimePod([exited(app, 1)]), { old });
    assert.equal(find(unready, "Ready")?.lastTransitionTime, "2026-01-01T00:00:10Z");
  });
  it("say that a sandbox without an address is not one", () => {
    const got = status(testPod(), runtimePod([], [sandbox({ ips: [] })]));
    assert.equal(find(got, "PodReadyToStartContainers")?.status, "False");
  });
});

it("a verdict of the kubelet's own fails the pod for good", () => {
  const verdict = { reason: "Evicted", message: "low on memory" };
  const got = status(testPod(), runtimePod([running(app)]), { verdict });
  assert.deepEqual([got.phase, got.reason, got.message], ["Failed", "Evicted", "low on memory"]);
  const later = status(testPod(), runtimePod([]), { old: got });
  assert.deepEqual([later.phase, later.reason], ["Failed", "Evicted"]);
});

describe("statusPatch", () => {
  it("is nothing when nothing changed", () => {
    const old = status(testPod(), runtimePod([running(app)]));
    assert.equal(statusPatch("u", old, structuredClone(old)), undefined);
  });
  it("has only what changed, and leaves others' conditions alone", () => {
    const foreign = { type: "example.com/x", status: "True" };
    const old = status(testPod(), runtimePod([running(app)]), { old: { conditions: [foreign] } });
    const wanted = status(testPod(), runtimePod([exited(app, 1)]), { old });
    const patch = statusPatch("u", old, wanted) as { status: { conditions: { type: string }[] } };
    assert.deepEqual(Object.keys(patch.status), ["containerStatuses", "$setElementOrder/conditions", "conditions"]);
    assert.deepEqual(
      patch.status.conditions.map((c) => c.type),
      ["Ready", "ContainersReady"],
    );
  });
  it("takes back its own explanation, and nothing of others", () => {
    const patch = statusPatch("u", { reason: "x", resourceClaimStatuses: [{ name: "c" }] }, {}) as { status: object };
    assert.deepEqual(patch.status, { reason: null });
  });
  it("replaces addresses instead of adding to them", () => {
    const patch = statusPatch("u", { podIPs: [{ ip: "a" }] }, { podIPs: [{ ip: "b" }] }) as { status: object };
    assert.deepEqual(patch.status, { podIPs: [{ ip: "b" }, { $patch: "replace" }] });
  });
});
