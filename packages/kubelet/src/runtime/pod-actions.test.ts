import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { exited, running, runtimePod, sandbox, testContainer, testPod } from "../testing/pods.ts";
import type { PodActions, ProbeVerdicts } from "./actions.ts";
import { noVerdicts } from "./actions.ts";
import { computePodActions } from "./pod-actions.ts";

const app = testContainer("app");
const side = testContainer("side", { restartPolicy: "Always" });
const first = testContainer("first");
const second = testContainer("second");

function failing(kind: "liveness" | "startup", id: string): ProbeVerdicts {
  return { ...noVerdicts, [kind]: (each: string) => (each === id ? "failure" : undefined) };
}

const nothing: PodActions = {
  killPod: false,
  createSandbox: false,
  sandboxId: "sb-0",
  attempt: 0,
  initContainersToStart: [],
  containersToStart: [],
  ephemeralContainersToStart: [],
  containersToKill: [],
};

function kill(name: string, message: string, reason: string) {
  return [{ id: `${name}-0`, name, message, reason }];
}

const cases: {
  what: string;
  pod: Parameters<typeof computePodActions>[0];
  status: Parameters<typeof computePodActions>[1];
  verdicts?: ProbeVerdicts;
  want: Record<string, unknown>;
}[] = [
  {
    what: "a new pod gets a sandbox and its containers",
    pod: testPod({ containers: [first, second] }),
    status: runtimePod([], []),
    want: { killPod: true, createSandbox: true, sandboxId: "", containersToStart: [0, 1] },
  },
  {
    what: "a new pod with init containers starts with the first of them",
    pod: testPod({ initContainers: [first, second] }),
    status: runtimePod([], []),
    want: { killPod: true, createSandbox: true, sandboxId: "", initContainersToStart: [0] },
  },
  { what: "a running pod is left alone", pod: testPod(), status: runtimePod([running(app)]), want: {} },
  {
    what: "an ended container is started again",
    pod: testPod(),
    status: runtimePod([exited(app, 0)]),
    want: { containersToStart: [0] },
  },
  {
    what: "OnFailure does not restart what succeeded, and the pod ends",
    pod: testPod({ restartPolicy: "OnFailure" }),
    status: runtimePod([exited(app, 0)]),
    want: { killPod: true },
  },
  {
    what: "OnFailure restarts what failed",
    pod: testPod({ restartPolicy: "OnFailure" }),
    status: runtimePod([exited(app, 1)]),
    want: { containersToStart: [0] },
  },
  {
    what: "Never keeps the pod while another container runs",
    pod: testPod({ restartPolicy: "Never", containers: [first, second] }),
    status: runtimePod([exited(first, 1), running(second)]),
    want: {},
  },
  {
    what: "a sandbox that is not ready is replaced",
    pod: testPod(),
    status: runtimePod([exited(app, 137)], [sandbox({ ready: false })]),
    want: { killPod: true, createSandbox: true, attempt: 1, containersToStart: [0] },
  },
  {
    what: "a Never pod whose sandbox died after it ran is not started again",
    pod: testPod({ restartPolicy: "Never" }),
    status: runtimePod([exited(app, 137)], [sandbox({ ready: false })]),
    want: { killPod: true, createSandbox: false, attempt: 1 },
  },
  {
    what: "an image update kills and starts the container",
    pod: testPod({ containers: [testContainer("app", { image: "app:2" })] }),
    status: runtimePod([running(app)]),
    want: {
      containersToStart: [0],
      containersToKill: kill("app", "Container app definition changed, will be restarted", ""),
    },
  },
  {
    what: "a failed liveness probe restarts the container",
    pod: testPod(),
    status: runtimePod([running(app)]),
    verdicts: failing("liveness", "app-0"),
    want: {
      containersToStart: [0],
      containersToKill: kill("app", "Container app failed liveness probe, will be restarted", "LivenessProbe"),
    },
  },
  {
    what: "a failed startup probe of a Never pod only kills",
    pod: testPod({ restartPolicy: "Never", containers: [first, second] }),
    status: runtimePod([running(first), running(second)]),
    verdicts: failing("startup", "first-0"),
    want: { containersToKill: kill("first", "Container first failed startup probe", "StartupProbe") },
  },
  {
    what: "the next init container follows one that succeeded",
    pod: testPod({ initContainers: [first, second] }),
    status: runtimePod([exited(first, 0)]),
    want: { initContainersToStart: [1] },
  },
  {
    what: "a running init container is waited for",
    pod: testPod({ initContainers: [first, second] }),
    status: runtimePod([running(first)]),
    want: {},
  },
  {
    what: "a failed init container is started again",
    pod: testPod({ initContainers: [first, second] }),
    status: runtimePod([exited(first, 1)]),
    want: { initContainersToStart: [0] },
  },
  {
    what: "a failed init container ends a Never pod",
    pod: testPod({ restartPolicy: "Never", initContainers: [first] }),
    status: runtimePod([exited(first, 1)]),
    want: { killPod: true },
  },
  {
    what: "main containers start after the last init container",
    pod: testPod({ initContainers: [first, second] }),
    status: runtimePod([exited(second, 0), exited(first, 0)]),
    want: { containersToStart: [0] },
  },
  {
    what: "a started sidecar lets the next init container start",
    pod: testPod({ initContainers: [side, second] }),
    status: runtimePod([running(side)]),
    want: { initContainersToStart: [1] },
  },
  {
    what: "a sidecar with a startup probe is waited for",
    pod: testPod({ initContainers: [{ ...side, startupProbe: {} }] }),
    status: runtimePod([running(side)]),
    want: {},
  },
  {
    what: "an ended sidecar is started again beside running containers",
    pod: testPod({ initContainers: [side] }),
    status: runtimePod([running(app), exited(side, 1)]),
    want: { initContainersToStart: [0] },
  },
  {
    what: "sidecars do not keep a finished pod alive",
    pod: testPod({ restartPolicy: "Never", initContainers: [side] }),
    status: runtimePod([exited(app, 0), running(side)]),
    want: { killPod: true },
  },
  {
    what: "a container lost from sight is killed before it is started",
    pod: testPod(),
    status: runtimePod([running(app, { state: "unknown" })]),
    want: {
      containersToStart: [0],
      containersToKill: kill("app", 'Container is in "unknown" state, try killing it before restart', "Unknown"),
    },
  },
  {
    what: "an ephemeral container starts once",
    pod: testPod({ ephemeralContainers: [testContainer("debug")] }),
    status: runtimePod([running(app)]),
    want: { ephemeralContainersToStart: [0] },
  },
];

describe("computePodActions", () => {
  for (const { what, pod, status, verdicts, want } of cases) {
    it(what, () => {
      const got = computePodActions(pod, status, verdicts ?? noVerdicts);
      const bare = { ...got, containersToKill: got.containersToKill.map(({ container: _, ...rest }) => rest) };
      assert.deepEqual(bare, { ...nothing, ...want });
    });
  }
});
