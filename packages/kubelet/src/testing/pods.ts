/** Pods and what a runtime has of them, for tests. */

import type { Container, Pod } from "@kubets/api";
import { hashContainer } from "../runtime/container-hash.ts";
import type { RuntimeContainer, RuntimePod, RuntimeSandbox } from "../runtime/pod-status.ts";

export function testPod(spec: Partial<NonNullable<Pod["spec"]>> = {}, metadata: Partial<Pod["metadata"]> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "default", uid: "uid-1", generation: 1, ...metadata },
    spec: {
      containers: [testContainer("app")],
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      nodeName: "node-1",
      ...spec,
    },
  };
}

export function testContainer(name: string, rest: Partial<Container> = {}): Container {
  return { name, image: `${name}:1`, imagePullPolicy: "IfNotPresent", ...rest };
}

export function sandbox(rest: Partial<RuntimeSandbox> = {}): RuntimeSandbox {
  return { id: "sb-0", ready: true, attempt: 0, createdAt: 1000, ips: ["10.0.0.2"], hostNetwork: false, ...rest };
}

export function running(container: Container, rest: Partial<RuntimeContainer> = {}): RuntimeContainer {
  return {
    id: `${container.name}-0`,
    name: container.name,
    sandboxId: "sb-0",
    state: "running",
    createdAt: 2000,
    startedAt: 3000,
    finishedAt: 0,
    exitCode: 0,
    reason: "",
    message: "",
    image: container.image ?? "",
    imageId: "sha256:1",
    hash: hashContainer(container),
    restartCount: 0,
    logPath: "",
    ...rest,
  };
}

export function exited(container: Container, exitCode: number, rest: Partial<RuntimeContainer> = {}): RuntimeContainer {
  const reason = exitCode === 0 ? "Completed" : "Error";
  return running(container, { state: "exited", exitCode, reason, finishedAt: 4000, ...rest });
}

export function runtimePod(
  containers: readonly RuntimeContainer[],
  sandboxes: readonly RuntimeSandbox[] = [sandbox()],
): RuntimePod {
  const ips = sandboxes[0]?.ready ? sandboxes[0].ips : [];
  return { uid: "uid-1", name: "web", namespace: "default", sandboxes, containers, ips };
}
