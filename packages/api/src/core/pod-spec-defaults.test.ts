import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, PodStatus } from "../generated/types.ts";
import { setPodDefaults, setPodTemplateDefaults } from "./pod-spec-defaults.ts";
import { podOf } from "./pod-test-objects.ts";

test("a Pod's defaults", () => {
  assert.deepEqual(podOf().spec, {
    containers: [
      {
        name: "app",
        image: "nginx:1",
        imagePullPolicy: "IfNotPresent",
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File",
        resources: {},
      },
    ],
    dnsPolicy: "ClusterFirst",
    restartPolicy: "Always",
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    schedulerName: "default-scheduler",
    enableServiceLinks: true,
  });
});

test("defaults of probes, ports, environment and quantities", () => {
  const pod = podOf({
    containers: [
      {
        name: "app",
        image: "nginx",
        ports: [{ containerPort: 80 }],
        livenessProbe: { httpGet: { port: 80 } },
        env: [
          { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
          { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
        ],
        resources: { limits: { cpu: "0.5", memory: "1Gi" }, requests: { cpu: "0.1" } },
      },
    ],
  });
  const [container] = pod.spec?.containers ?? [];
  assert.equal(container?.imagePullPolicy, "Always");
  assert.deepEqual(container?.ports, [{ containerPort: 80, protocol: "TCP" }]);
  assert.deepEqual(container?.livenessProbe, {
    httpGet: { port: 80, path: "/", scheme: "HTTP" },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
  assert.equal(container?.env?.[0]?.valueFrom?.fieldRef?.apiVersion, "v1");
  assert.equal(container?.env?.[1]?.valueFrom?.resourceFieldRef?.divisor, "0");
  assert.deepEqual(container?.resources, {
    limits: { cpu: "500m", memory: "1Gi" },
    requests: { cpu: "100m", memory: "1Gi" },
  });
});

test("volumes: no source is an emptyDir, modes are 0644, tokens last an hour", () => {
  const { volumes } =
    podOf({
      volumes: [
        { name: "scratch" },
        { name: "secret", secret: { secretName: "s" } },
        { name: "host", hostPath: { path: "/var" } },
        {
          name: "all",
          projected: {
            sources: [
              { serviceAccountToken: { path: "token" } },
              { downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.name" } }] } },
            ],
          },
        },
      ],
    }).spec ?? {};
  assert.deepEqual(volumes, [
    { name: "scratch", emptyDir: {} },
    { name: "secret", secret: { secretName: "s", defaultMode: 420 } },
    { name: "host", hostPath: { path: "/var", type: "" } },
    {
      name: "all",
      projected: {
        defaultMode: 420,
        sources: [
          { serviceAccountToken: { path: "token", expirationSeconds: 3600 } },
          { downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.name", apiVersion: "v1" } }] } },
        ],
      },
    },
  ]);
});

test("on the host's network a container's ports are the host's, in a Pod only", () => {
  const containers = () => [{ name: "app", image: "nginx:1", ports: [{ containerPort: 80 }] }];
  const pod = podOf({ hostNetwork: true, containers: containers() });
  assert.equal(pod.spec?.containers[0]?.ports?.[0]?.hostPort, 80);
  const template = { spec: { hostNetwork: true, containers: containers() } };
  setPodTemplateDefaults(template);
  assert.equal(template.spec.containers[0]?.ports[0]?.containerPort, 80);
  assert.equal("hostPort" in (template.spec.containers[0]?.ports[0] ?? {}), false);
});

test("serviceAccount and serviceAccountName follow each other", () => {
  const pod: Pod = { spec: { containers: [], serviceAccount: "robot" } };
  setPodDefaults(pod);
  assert.equal(pod.spec?.serviceAccountName, "robot");
  assert.equal(podOf({ serviceAccountName: "robot" }).spec?.serviceAccount, "robot");
});

test("pod-level requests are those of the containers, else the pod's limits", () => {
  const pod = podOf({
    resources: { limits: { cpu: "2", memory: "1Gi" } },
    containers: [{ name: "app", image: "nginx:1", resources: { requests: { cpu: "500m" } } }],
  });
  assert.deepEqual(pod.spec?.resources?.requests, { cpu: "500m", memory: "1Gi" });
});

test("podIP and podIPs follow each other", () => {
  const cases: [PodStatus, PodStatus][] = [
    [{ podIP: "10.0.0.1" }, { podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }] }],
    [{ podIPs: [{ ip: "10.0.0.1" }] }, { podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }] }],
    [
      { podIP: "10.0.0.2", podIPs: [{ ip: "10.0.0.1" }] },
      { podIP: "10.0.0.2", podIPs: [{ ip: "10.0.0.2" }] },
    ],
  ];
  for (const [status, expected] of cases) {
    const pod: Pod = { status };
    setPodDefaults(pod);
    assert.deepEqual(pod.status, expected);
  }
});
