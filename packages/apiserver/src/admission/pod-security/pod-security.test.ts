import assert from "node:assert/strict";
import { test } from "node:test";
import { namespaces, type PodSpec, pods } from "@kubets/api";
import { type KubeObject, type ObjectMeta, realClock, type StatusError } from "@kubets/apimachinery";
import { FakeReader } from "../../reader/fake-reader.ts";
import type { PodSecurityConfiguration } from "../configuration.ts";
import type { AdmissionAttributes } from "../plugin.ts";
import { admitBy, following, requestOn } from "../testing.ts";
import { detailsOf, violations } from "./evaluate.ts";
import { PodSecurity } from "./pod-security.ts";
import { type Level, policyOf, type Version } from "./policy.ts";

const told = (level: Level, version: Version, spec: object, metadata: ObjectMeta = {}) =>
  detailsOf(violations({ level, version }, spec as PodSpec, metadata));
const containers = (securityContext?: object, more: object = {}) => ({
  containers: [{ name: "c", ...(securityContext === undefined ? {} : { securityContext }), ...more }],
});
const hardened = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  ...containers({ allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } }),
};

test("checks, by level and version", () => {
  const table: [Level, Version, object, string, ObjectMeta?][] = [
    ["privileged", "latest", containers({ privileged: true }), ""],
    ["baseline", "latest", containers(), ""],
    ["restricted", "latest", hardened, ""],
    [
      "restricted",
      "latest",
      containers(),
      'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ],
    [
      "restricted",
      7,
      containers(),
      'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
    ],
    ["restricted", 25, { ...hardened, ...containers(), os: { name: "windows" } }, ""],
    [
      "restricted",
      22,
      {
        ...hardened,
        ...containers({ allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"], add: ["KILL"] } }),
      },
      'unrestricted capabilities (container "c" must not include "KILL" in securityContext.capabilities.add)',
    ],
    [
      "baseline",
      "latest",
      {
        hostNetwork: true,
        hostPID: true,
        ...containers({ privileged: true, capabilities: { add: ["NET_RAW", "CHOWN"] } }),
      },
      'non-default capabilities (container "c" must not include "NET_RAW" in securityContext.capabilities.add), host namespaces (hostNetwork=true, hostPID=true), privileged (container "c" must not set securityContext.privileged=true)',
    ],
    [
      "baseline",
      "latest",
      {
        ...containers(undefined, {
          ports: [
            { containerPort: 1, hostPort: 80 },
            { containerPort: 2, hostPort: 443 },
          ],
        }),
        volumes: [{ name: "v", hostPath: { path: "/" } }],
      },
      'hostPath volumes (volume "v"), hostPort (container "c" uses hostPorts 443, 80)',
    ],
    [
      "restricted",
      "latest",
      {
        ...hardened,
        volumes: [
          { name: "v", hostPath: { path: "/" } },
          { name: "n", nfs: {} },
        ],
      },
      'restricted volume types (volumes "v", "n" use restricted volume types "hostPath", "nfs")',
    ],
    [
      "baseline",
      34,
      containers(undefined, { livenessProbe: { httpGet: { host: "10.0.0.1", port: 1 } } }),
      'probe or lifecycle host (container "c" uses probe or lifecycle host "10.0.0.1")',
    ],
    ["baseline", 33, containers(undefined, { livenessProbe: { httpGet: { host: "10.0.0.1", port: 1 } } }), ""],
    [
      "baseline",
      34,
      { hostUsers: false, ...containers({ procMount: "Unmasked" }) },
      'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    ],
    ["baseline", 35, { hostUsers: false, ...containers({ procMount: "Unmasked" }) }, ""],
    [
      "baseline",
      "latest",
      {
        securityContext: {
          seLinuxOptions: { type: "x", user: "u" },
          sysctls: [{ name: "a" }, { name: "net.ipv4.tcp_rmem" }],
        },
        ...containers(),
      },
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x"; user may not be set), forbidden sysctls (a)',
    ],
    [
      "baseline",
      31,
      { securityContext: { sysctls: [{ name: "net.ipv4.tcp_rmem" }] }, ...containers() },
      "forbidden sysctls (net.ipv4.tcp_rmem)",
    ],
    [
      "baseline",
      "latest",
      {
        securityContext: { seccompProfile: { type: "Unconfined" } },
        ...containers({ seccompProfile: { type: "Unconfined" } }),
      },
      'seccompProfile (pod and container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      "baseline",
      18,
      containers(),
      'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
      { annotations: { "seccomp.security.alpha.kubernetes.io/pod": "unconfined" } },
    ],
    [
      "baseline",
      "latest",
      containers({ appArmorProfile: { type: "Unconfined" } }),
      'forbidden AppArmor profiles (container "c" and annotation must not set AppArmor profile type to "Unconfined", "container.apparmor.security.beta.kubernetes.io/c="bad"")',
      { annotations: { "container.apparmor.security.beta.kubernetes.io/c": "bad" } },
    ],
    [
      "restricted",
      "latest",
      { ...hardened, securityContext: { ...hardened.securityContext, runAsNonRoot: false, runAsUser: 0 } },
      "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false), runAsUser=0 (pod must not set runAsUser=0)",
    ],
    [
      "baseline",
      "latest",
      containers({ windowsOptions: { hostProcess: true } }),
      'hostProcess (container "c" must not set securityContext.windowsOptions.hostProcess=true)',
    ],
  ];
  for (const [level, version, spec, want, metadata] of table)
    assert.equal(told(level, version, spec, metadata), want, `${level} ${version} ${JSON.stringify(spec)}`);
});

const privilegedPolicy = { level: "privileged", version: "latest" } as const;
const defaults = { enforce: privilegedPolicy, audit: privilegedPolicy, warn: privilegedPolicy };
const label = "pod-security.kubernetes.io";

test("labels: warnings follow what is enforced, nonsense fails closed", () => {
  const { policy } = policyOf({ [`${label}/enforce`]: "baseline", [`${label}/enforce-version`]: "v1.30" }, defaults);
  assert.deepEqual(policy.warn, { level: "baseline", version: 30 });
  assert.deepEqual(policy.audit, privilegedPolicy);
  const wrong = policyOf(
    { [`${label}/enforce`]: "bad", [`${label}/warn`]: "bad", [`${label}/audit-version`]: "1" },
    defaults,
  );
  assert.deepEqual(wrong.policy.enforce, { level: "restricted", version: "latest" });
  assert.deepEqual(wrong.policy.warn, privilegedPolicy);
  assert.equal(wrong.errors.length, 3);
});

async function setUp(labels: Record<string, string>, config?: PodSecurityConfiguration) {
  const reader = new FakeReader().put(namespaces, { metadata: { name: "ns", labels } });
  const lister = await following(reader, namespaces);
  const plugin = new PodSecurity({ namespaces: lister, reader, clock: realClock, config });
  const validate = (resource: string, object: KubeObject, more: Partial<AdmissionAttributes> = {}) =>
    admitBy(plugin, requestOn(resource, { namespace: "ns", object, ...more }));
  return { reader, plugin, validate };
}

const pod = (spec: object = containers(), name = "web") =>
  ({ metadata: { namespace: "ns", name }, spec }) as KubeObject;

test("what is enforced refuses pods, and only warns of what makes them", async () => {
  const { validate } = await setUp({ [`${label}/enforce`]: "baseline", [`${label}/audit`]: "restricted" });
  await assert.rejects(validate("pods", pod(containers({ privileged: true }))), (error: StatusError) => {
    assert.equal(
      error.message,
      'pods "web" is forbidden: violates PodSecurity "baseline:latest": privileged (container "c" must not set securityContext.privileged=true)',
    );
    return error.status.code === 403;
  });
  const { warnings, annotations } = await validate("pods", pod());
  assert.deepEqual(warnings, []);
  assert.equal(annotations[`${label}/enforce-policy`], "baseline:latest");
  assert.match(annotations[`${label}/audit-violations`] ?? "", /^would violate PodSecurity "restricted:latest": allow/);
  const template = { spec: containers({ privileged: true }) };
  const made = await validate("deployments.apps", {
    metadata: { namespace: "ns", name: "d" },
    spec: { template },
  } as KubeObject);
  assert.deepEqual(made.warnings, [
    'would violate PodSecurity "baseline:latest": privileged (container "c" must not set securityContext.privileged=true)',
  ]);
  const update = { operation: "UPDATE" as const, oldObject: pod(containers({ privileged: true })) };
  await validate("pods", pod(containers({ privileged: true })), update);
});

test("exemptions by user, namespace and runtime class", async () => {
  const restricted = { [`${label}/enforce`]: "restricted" };
  const exemptions = { usernames: ["bob"], runtimeClasses: ["vm"] };
  const { validate } = await setUp(restricted, { exemptions });
  const bob = await validate("pods", pod(), { user: { name: "bob", groups: [] } });
  assert.deepEqual(bob.annotations, { [`${label}/exempt`]: "user" });
  const vm = await validate("pods", pod({ ...containers(), runtimeClassName: "vm" }));
  assert.deepEqual(vm.annotations, { [`${label}/exempt`]: "runtimeClass" });
  const other = await setUp(restricted, { exemptions: { namespaces: ["ns"] } });
  assert.deepEqual((await other.validate("pods", pod())).annotations, { [`${label}/exempt`]: "namespace" });
  const created = await other.validate("namespaces", { metadata: { name: "ns", labels: restricted } });
  assert.deepEqual(created.warnings, [
    'namespace "ns" is exempt from Pod Security, and the policy (enforce=restricted:latest) will be ignored',
  ]);
});

test("a namespace's labels are checked, and stricter ones tell of pods that are there", async () => {
  const { reader, validate } = await setUp({});
  for (const name of ["b", "a", "fine"]) {
    const spec = name === "fine" ? hardened : containers();
    reader.put(pods, pod(spec, name) as never);
  }
  const namespace = (level: string) => ({ metadata: { name: "ns", labels: { [`${label}/enforce`]: level } } });
  await assert.rejects(
    validate("namespaces", namespace("bad")),
    /Namespace "ns" is invalid: metadata.labels\[pod-security.kubernetes.io\/enforce\]: Invalid value: "bad": must be one of privileged, baseline, restricted/,
  );
  const stricter = { operation: "UPDATE" as const, oldObject: { metadata: { name: "ns" } } };
  assert.deepEqual((await validate("namespaces", namespace("restricted"), stricter)).warnings, [
    'existing pods in namespace "ns" violate the new PodSecurity enforce level "restricted:latest"',
    "a (and 1 other pod): allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile",
  ]);
});
