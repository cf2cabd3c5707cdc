import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerState, ContainerStatus, Pod, PodStatus } from "../generated/types.ts";
import { podColumns, podRowConditions, summarizePod } from "./pod-columns.ts";
import { podOf } from "./pod-test-objects.ts";

const now = Date.parse("2026-01-02T03:10:00Z");

function status(name: string, state: ContainerState, more: Partial<ContainerStatus> = {}): ContainerStatus {
  return { name, image: "", imageID: "", ready: false, restartCount: 0, state, ...more };
}

const running = { running: {} };
const done = { terminated: { exitCode: 0, reason: "Completed" } };

function pod(podStatus: PodStatus, spec: Partial<NonNullable<Pod["spec"]>> = {}, metadata: Pod["metadata"] = {}): Pod {
  return { ...podOf(spec, metadata), status: podStatus };
}

const twoInits = {
  initContainers: [
    { name: "one", image: "x" },
    { name: "two", image: "x" },
  ],
};
const sidecar = { initContainers: [{ name: "side", image: "x", restartPolicy: "Always" }] };

test("STATUS and READY", () => {
  const cases: [name: string, Pod, status: string, ready: string][] = [
    ["pending", pod({ phase: "Pending" }), "Pending", "0/1"],
    [
      "running",
      pod({ phase: "Running", containerStatuses: [status("app", running, { ready: true })] }),
      "Running",
      "1/1",
    ],
    [
      "waiting",
      pod({ phase: "Running", containerStatuses: [status("app", { waiting: { reason: "CrashLoopBackOff" } })] }),
      "CrashLoopBackOff",
      "0/1",
    ],
    [
      "first container with something to say",
      pod(
        {
          phase: "Running",
          containerStatuses: [
            status("app", { waiting: { reason: "ErrImagePull" } }),
            status("b", { waiting: { reason: "CrashLoopBackOff" } }),
          ],
        },
        { containers: [{ name: "app" }, { name: "b" }] },
      ),
      "ErrImagePull",
      "0/2",
    ],
    ["completed", pod({ phase: "Succeeded", containerStatuses: [status("app", done)] }), "Completed", "0/1"],
    [
      "one done, one running, ready",
      pod(
        {
          phase: "Running",
          conditions: [{ type: "Ready", status: "True" }],
          containerStatuses: [status("app", done), status("b", running, { ready: true })],
        },
        { containers: [{ name: "app" }, { name: "b" }] },
      ),
      "Running",
      "1/2",
    ],
    [
      "one done, one running, not ready",
      pod(
        { phase: "Running", containerStatuses: [status("app", done), status("b", running, { ready: true })] },
        { containers: [{ name: "app" }, { name: "b" }] },
      ),
      "NotReady",
      "1/2",
    ],
    [
      "exit code",
      pod({ phase: "Failed", containerStatuses: [status("app", { terminated: { exitCode: 3 } })] }),
      "ExitCode:3",
      "0/1",
    ],
    [
      "signal",
      pod({ phase: "Failed", containerStatuses: [status("app", { terminated: { exitCode: 137, signal: 9 } })] }),
      "Signal:9",
      "0/1",
    ],
    ["evicted", pod({ phase: "Failed", reason: "Evicted" }), "Evicted", "0/1"],
    [
      "gated",
      pod({ phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] }),
      "SchedulingGated",
      "0/1",
    ],
    [
      "initializing",
      pod({ phase: "Pending", initContainerStatuses: [status("one", done), status("two", running)] }, twoInits),
      "Init:1/2",
      "0/1",
    ],
    [
      "init crash",
      pod(
        { phase: "Pending", initContainerStatuses: [status("one", { waiting: { reason: "CrashLoopBackOff" } })] },
        twoInits,
      ),
      "Init:CrashLoopBackOff",
      "0/1",
    ],
    [
      "init failed without a reason",
      pod({ phase: "Pending", initContainerStatuses: [status("one", { terminated: { exitCode: 2 } })] }, twoInits),
      "Init:ExitCode:2",
      "0/1",
    ],
    [
      "waiting for the first",
      pod(
        { phase: "Pending", initContainerStatuses: [status("one", { waiting: { reason: "PodInitializing" } })] },
        twoInits,
      ),
      "Init:0/2",
      "0/1",
    ],
    [
      "a started sidecar counts",
      pod(
        {
          phase: "Running",
          initContainerStatuses: [status("side", running, { started: true, ready: true })],
          containerStatuses: [status("app", running, { ready: true })],
        },
        sidecar,
      ),
      "Running",
      "2/2",
    ],
    ["terminating", pod({ phase: "Running" }, {}, { deletionTimestamp: "2026-01-02T03:09:00Z" }), "Terminating", "0/1"],
    [
      "finished and deleted",
      pod({ phase: "Succeeded" }, {}, { deletionTimestamp: "2026-01-02T03:09:00Z" }),
      "Succeeded",
      "0/1",
    ],
    [
      "node lost",
      pod({ phase: "Running", reason: "NodeLost" }, {}, { deletionTimestamp: "2026-01-02T03:09:00Z" }),
      "Unknown",
      "0/1",
    ],
  ];
  for (const [name, object, expected, ready] of cases) {
    const summary = summarizePod(object);
    assert.equal(summary.status, expected, name);
    assert.equal(`${summary.ready}/${summary.total}`, ready, name);
  }
});

function row(object: Pod): Record<string, unknown> {
  return Object.fromEntries(podColumns.map((column) => [column.name, column.value(object, { now })]));
}

test("a whole row", () => {
  const object = pod(
    {
      phase: "Running",
      podIPs: [{ ip: "10.0.0.1" }],
      conditions: [{ type: "example.com/lb", status: "True" }],
      containerStatuses: [
        status("app", running, {
          ready: true,
          restartCount: 2,
          lastState: { terminated: { exitCode: 1, finishedAt: "2026-01-02T03:05:00Z" } },
        }),
      ],
    },
    { nodeName: "n1", readinessGates: [{ conditionType: "example.com/lb" }, { conditionType: "example.com/dns" }] },
    { creationTimestamp: "2026-01-02T03:00:00Z" },
  );
  assert.deepEqual(row(object), {
    Name: "web",
    Ready: "1/1",
    Status: "Running",
    Restarts: "2 (5m ago)",
    Age: "10m",
    IP: "10.0.0.1",
    Node: "n1",
    "Nominated Node": "<none>",
    "Readiness Gates": "1/2",
  });
  assert.equal(row(pod({ phase: "Pending" }))["Restarts"], "0");
});

test("finished Pods are marked", () => {
  assert.deepEqual(podRowConditions(pod({ phase: "Running" })), []);
  assert.equal(podRowConditions(pod({ phase: "Succeeded" }))[0]?.reason, "Succeeded");
  assert.equal(podRowConditions(pod({ phase: "Failed" }))[0]?.message, "The pod failed.");
});
