import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ingressClasses,
  namespaces,
  nodes,
  type PodSpec,
  runtimeClasses,
  storageClasses,
  type Toleration,
} from "@kubets/api";
import { clone, type KubeObject, type ObjectMeta, realClock, realRandom, type StatusError } from "@kubets/apimachinery";
import type { AuthorizationAttributes, Authorizer } from "../authorization/authorizer.ts";
import { FakeReader } from "../reader/fake-reader.ts";
import { alwaysDeny, alwaysPullImages } from "./always.ts";
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from "./certificates.ts";
import { defaultIngressClass, defaultStorageClass } from "./default-class.ts";
import { denyServiceExternalIPs } from "./deny-external-ips.ts";
import { eventRateLimit } from "./event-rate-limit.ts";
import { ImagePolicyWebhook } from "./image-policy.ts";
import { namespaceAutoProvision, namespaceExists } from "./namespace-existence.ts";
import { nodeDeclaredFeatureValidator } from "./node-declared-features.ts";
import { OwnerReferencesPermissionEnforcement } from "./owner-references.ts";
import { extendedResourceToleration, limitPodHardAntiAffinityTopology, podNodeSelector } from "./pod-placement.ts";
import { podResizeValidator } from "./pod-resize.ts";
import { PodTolerationRestriction } from "./pod-toleration-restriction.ts";
import { podTopologyLabels } from "./pod-topology-labels.ts";
import { runtimeClassAdmission } from "./runtime-class.ts";
import { persistentVolumeClaimResize, storageObjectInUseProtection } from "./storage-objects.ts";
import { admitBy, following, requestOn } from "./testing.ts";
import { mergeTolerations } from "./tolerations.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests read fields of every kind.
const any = (object: object): any => object;
const pod = (spec: Partial<PodSpec> = {}, metadata: ObjectMeta = {}): KubeObject =>
  any({ metadata: { namespace: "ns", name: "web", ...metadata }, spec: { containers: [{ name: "c" }], ...spec } });
const refuses = (promise: Promise<unknown>, message: string | RegExp) => assert.rejects(promise, { message });

/** Allows what `may` says, and remembers what was asked. */
function authorizerThat(may: (asked: AuthorizationAttributes) => boolean) {
  const asked: AuthorizationAttributes[] = [];
  const authorizer: Authorizer = {
    authorize(attributes) {
      asked.push(attributes);
      return { decision: may(attributes) ? "Allow" : "NoOpinion", reason: "" };
    },
  };
  return { authorizer, asked };
}

test("DefaultStorageClass and DefaultIngressClass: the newest default, unless a class is named", async () => {
  const isDefault = { "storageclass.kubernetes.io/is-default-class": "true" };
  const reader = new FakeReader();
  const at = (second: number) => `2026-01-01T00:00:0${second}Z`;
  for (const [name, second] of [
    ["old", 1],
    ["b", 3],
    ["a", 3],
  ] as const)
    reader.put(storageClasses, {
      metadata: { name, creationTimestamp: at(second), annotations: isDefault },
      provisioner: "p",
    });
  reader.put(storageClasses, { metadata: { name: "other", creationTimestamp: at(5) }, provisioner: "p" });
  const plugin = defaultStorageClass(await following(reader, storageClasses));
  const classOf = async (spec: object, annotations: Record<string, string> = {}) => {
    const claim = any({ metadata: { namespace: "ns", name: "d", annotations }, spec });
    await admitBy(plugin, requestOn("persistentvolumeclaims", { object: claim }));
    return claim.spec.storageClassName;
  };
  assert.equal(await classOf({}), "a");
  assert.equal(await classOf({ storageClassName: "" }), "");
  assert.equal(await classOf({}, { "volume.beta.kubernetes.io/storage-class": "x" }), undefined);
  reader.put(ingressClasses, {
    metadata: { name: "nginx", annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } },
  });
  const ingress = any({ metadata: { namespace: "ns", name: "i" }, spec: {} });
  const forIngress = defaultIngressClass(await following(reader, ingressClasses));
  await admitBy(forIngress, requestOn("ingresses.networking.k8s.io", { object: ingress }));
  assert.equal(ingress.spec.ingressClassName, "nginx");
});

test("StorageObjectInUseProtection and PersistentVolumeClaimResize", async () => {
  const claim = (storage: string, storageClassName = "grows", phase = "Bound") =>
    any({
      metadata: { namespace: "ns", name: "d" },
      spec: { storageClassName, resources: { requests: { storage } } },
      status: { phase },
    });
  const made = claim("1Gi");
  await admitBy(storageObjectInUseProtection, requestOn("persistentvolumeclaims", { object: made }));
  await admitBy(storageObjectInUseProtection, requestOn("persistentvolumeclaims", { object: made }));
  assert.deepEqual(made.metadata.finalizers, ["kubernetes.io/pvc-protection"]);
  const reader = new FakeReader()
    .put(storageClasses, { metadata: { name: "grows" }, provisioner: "p", allowVolumeExpansion: true })
    .put(storageClasses, { metadata: { name: "fixed" }, provisioner: "p" });
  const plugin = persistentVolumeClaimResize(await following(reader, storageClasses));
  const resize = (object: KubeObject, oldObject: KubeObject) =>
    admitBy(plugin, requestOn("persistentvolumeclaims", { operation: "UPDATE", object, oldObject }));
  await resize(claim("2Gi"), claim("1Gi"));
  await resize(claim("1Gi", "fixed"), claim("2Gi", "fixed"));
  await refuses(
    resize(claim("2Gi", "fixed"), claim("1Gi", "fixed")),
    'persistentvolumeclaims "d" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
  );
  await refuses(resize(claim("2Gi"), claim("1Gi", "grows", "Pending")), /Only bound persistent volume claims can be/);
});

test("RuntimeClass: overhead and scheduling", async () => {
  const overhead = { podFixed: { cpu: "100m" } };
  const tolerations = [{ key: "vm", operator: "Exists" }];
  const reader = new FakeReader().put(runtimeClasses, {
    metadata: { name: "vm" },
    handler: "kata",
    overhead,
    scheduling: { nodeSelector: { vm: "yes" }, tolerations },
  });
  const plugin = runtimeClassAdmission(await following(reader, runtimeClasses), reader);
  const admit = async (spec: Partial<PodSpec>) => {
    const object = pod(spec);
    await admitBy(plugin, requestOn("pods", { object }));
    return any(object).spec as PodSpec;
  };
  const made = await admit({ runtimeClassName: "vm", nodeSelector: { disk: "ssd" } });
  assert.deepEqual(
    [made.overhead, made.nodeSelector, made.tolerations],
    [{ cpu: "100m" }, { disk: "ssd", vm: "yes" }, tolerations],
  );
  await admit({ runtimeClassName: "vm", overhead: { cpu: "0.1" } });
  await refuses(
    admit({ runtimeClassName: "no" }),
    'pods "web" is forbidden: pod rejected: RuntimeClass "no" not found',
  );
  await refuses(
    admit({ overhead: { cpu: "1" } }),
    /Pod Overhead set without corresponding RuntimeClass defined Overhead/,
  );
  await refuses(
    admit({ runtimeClassName: "vm", overhead: { cpu: "1" } }),
    /Pod's Overhead doesn't match RuntimeClass's/,
  );
  await refuses(
    admit({ runtimeClassName: "vm", nodeSelector: { vm: "no" } }),
    /conflict: runtimeClass\.scheduling\.nodeSelector\[vm\] = yes; pod\.spec\.nodeSelector\[vm\] = no/,
  );
});

test("tolerations are merged without what others imply", () => {
  const exists = (key: string, effect?: string): Toleration => ({
    key,
    operator: "Exists",
    ...(effect ? { effect } : {}),
  });
  const table: [Toleration[], Toleration[], Toleration[]][] = [
    [[exists("a")], [exists("a")], [exists("a")]],
    [[exists("a", "NoSchedule")], [exists("a")], [exists("a")]],
    [[{ operator: "Exists" }], [exists("a")], [{ operator: "Exists" }]],
    [
      [{ key: "a", value: "1" }],
      [{ key: "a", value: "2" }],
      [
        { key: "a", value: "1" },
        { key: "a", value: "2" },
      ],
    ],
  ];
  for (const [first, second, want] of table) assert.deepEqual(mergeTolerations(first, second), want);
});

test("certificates: approving, signing, and who nobody may ask to be", async () => {
  const { authorizer, asked } = authorizerThat(({ verb, name }) => verb === "approve" && name === "example.com/*");
  const csr = (signerName: string, status: object = {}, request = "") =>
    any({ metadata: { name: "csr" }, spec: { signerName, request }, status });
  const update = (subresource: string, object: KubeObject, oldObject: KubeObject) =>
    requestOn("certificatesigningrequests.certificates.k8s.io", {
      operation: "UPDATE",
      subresource,
      object,
      oldObject,
    });
  const approve = (signer: string) =>
    admitBy(certificateApproval(authorizer), update("approval", csr(signer), csr(signer)));
  await approve("example.com/web");
  assert.deepEqual(
    asked.map(({ resource, name }) => `${resource} ${name}`),
    ["signers example.com/web", "signers example.com/*"],
  );
  await refuses(
    approve("other.org/web"),
    'certificatesigningrequests.certificates.k8s.io "csr" is forbidden: user not permitted to approve requests with signerName "other.org/web"',
  );
  const signing = certificateSigning(authorizer);
  await admitBy(signing, update("status", csr("example.com/web"), csr("example.com/web")));
  await refuses(
    admitBy(signing, update("status", csr("example.com/web", { certificate: "x" }), csr("example.com/web"))),
    /user not permitted to sign requests with signerName "example\.com\/web"/,
  );
  const ask = (organization: string) =>
    newRequest(organization).then((request) =>
      admitBy(
        certificateSubjectRestriction,
        requestOn("certificatesigningrequests.certificates.k8s.io", {
          object: csr("kubernetes.io/kube-apiserver-client", {}, request),
        }),
      ),
    );
  await ask("dev");
  await refuses(
    ask("system:masters"),
    /use of kubernetes\.io\/kube-apiserver-client signer with system:masters group is not allowed/,
  );
});

/** A certificate signing request as a CertificateSigningRequest holds it: PEM in base64. */
async function newRequest(organization: string): Promise<string> {
  await import("reflect-metadata");
  const { Pkcs10CertificateRequestGenerator } = await import("@peculiar/x509");
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: `CN=jane,O=${organization}`,
    keys,
    signingAlgorithm: algorithm,
  });
  return Buffer.from(request.toString("pem")).toString("base64");
}

test("PodTopologyLabels: a node's zone comes to a binding and to a pod made on it", async () => {
  const labels = { "topology.kubernetes.io/zone": "z1", other: "x" };
  const plugin = podTopologyLabels(new FakeReader().put(nodes, { metadata: { name: "n1", labels } }));
  const binding = any({ metadata: { name: "web" }, target: { kind: "Node", name: "n1" } });
  await admitBy(plugin, requestOn("pods", { subresource: "binding", object: binding }));
  assert.deepEqual(binding.metadata.labels, { "topology.kubernetes.io/zone": "z1" });
  const placed = pod({ nodeName: "n1" }, { labels: { app: "web", "topology.kubernetes.io/zone": "wrong" } });
  await admitBy(plugin, requestOn("pods", { object: placed }));
  assert.deepEqual(placed.metadata?.labels, { app: "web", "topology.kubernetes.io/zone": "z1" });
});

test("PodResizeValidator: no larger than the node", async () => {
  const reader = new FakeReader().put(nodes, {
    metadata: { name: "n1", labels: { "kubernetes.io/os": "linux" } },
    status: { allocatable: { cpu: "2", memory: "1Gi" } },
  });
  const sized = (cpu: string, generation: number) =>
    pod({ nodeName: "n1", containers: [{ name: "c", resources: { requests: { cpu } } }] }, { generation });
  const resize = (object: KubeObject) =>
    admitBy(
      podResizeValidator(reader),
      requestOn("pods", { operation: "UPDATE", subresource: "resize", object, oldObject: sized("1", 1) }),
    );
  await resize(sized("2", 2));
  await assert.rejects(resize(sized("3", 2)), (error: StatusError) => {
    assert.equal(
      error.message,
      'pods "web" is forbidden: Node didn\'t have enough allocatable resources: cpu, requested: 3000, allocatable: 2000',
    );
    return error.status.details?.causes?.[0]?.reason === "NodeCapacity";
  });
});

test("NodeDeclaredFeatureValidator: nothing a node does not declare", async () => {
  const node = (name: string, ...declaredFeatures: string[]) => ({ metadata: { name }, status: { declaredFeatures } });
  const reader = new FakeReader()
    .put(nodes, node("able", "InPlacePodLevelResourcesVerticalScaling"))
    .put(nodes, node("plain"));
  const on = (nodeName: string, cpu: string, generation: number) =>
    pod({ nodeName, resources: { requests: { cpu } } }, { generation });
  const resize = (nodeName: string, cpu: string) =>
    admitBy(
      nodeDeclaredFeatureValidator(reader),
      requestOn("pods", {
        operation: "UPDATE",
        subresource: "resize",
        object: on(nodeName, cpu, 2),
        oldObject: on(nodeName, "1", 1),
      }),
    );
  await resize("able", "2");
  await resize("plain", "1");
  await refuses(
    resize("plain", "2"),
    'pods "web" is forbidden: pod update requires features InPlacePodLevelResourcesVerticalScaling which are not available on node "plain"',
  );
});

test("namespaces that are missing: made, or refused", async () => {
  const reader = new FakeReader().put(namespaces, { metadata: { name: "ns" } });
  const lister = await following(reader, namespaces);
  const made: string[] = [];
  const provision = namespaceAutoProvision(lister, { ensureNamespace: async (name) => void made.push(name) });
  await admitBy(provision, requestOn("pods", { object: pod() }));
  await admitBy(provision, requestOn("pods", { object: pod({}, { namespace: "new" }) }));
  await admitBy(provision, requestOn("pods", { object: pod({}, { namespace: "dry" }), dryRun: true }));
  assert.deepEqual(made, ["new"]);
  const exists = namespaceExists(lister, reader);
  await admitBy(exists, requestOn("pods", { object: pod() }));
  await refuses(
    admitBy(exists, requestOn("pods", { operation: "DELETE", oldObject: pod({}, { namespace: "no" }) })),
    'namespaces "no" not found',
  );
});

test("AlwaysDeny, AlwaysPullImages, DenyServiceExternalIPs, LimitPodHardAntiAffinityTopology, ExtendedResourceToleration", async () => {
  await refuses(
    admitBy(alwaysDeny, requestOn("pods", { object: pod() })),
    'pods "web" is forbidden: admission control is denying all modifications',
  );
  const pulled = pod({ containers: [{ name: "c", image: "i", imagePullPolicy: "Never" }] });
  await admitBy(alwaysPullImages, requestOn("pods", { object: pulled }));
  assert.equal(any(pulled).spec.containers[0].imagePullPolicy, "Always");
  const cached = pod({ containers: [{ name: "c", image: "i", imagePullPolicy: "Never" }] });
  await admitBy(alwaysPullImages, requestOn("pods", { operation: "UPDATE", object: cached, oldObject: clone(cached) }));
  assert.equal(any(cached).spec.containers[0].imagePullPolicy, "Never");

  const service = (...externalIPs: string[]) =>
    any({ metadata: { namespace: "ns", name: "s" }, spec: { externalIPs } });
  const keep = { operation: "UPDATE" as const, object: service("1.2.3.4"), oldObject: service("1.2.3.4", "5.6.7.8") };
  await admitBy(denyServiceExternalIPs, requestOn("services", keep));
  await refuses(
    admitBy(denyServiceExternalIPs, requestOn("services", { object: service("1.2.3.4") })),
    'services "s" is forbidden: Use of external IPs is denied by admission control',
  );

  const apart = (topologyKey: string) =>
    pod({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey }] } } });
  await admitBy(limitPodHardAntiAffinityTopology, requestOn("pods", { object: apart("kubernetes.io/hostname") }));
  await refuses(
    admitBy(limitPodHardAntiAffinityTopology, requestOn("pods", { object: apart("zone") })),
    'pods "web" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
  );

  const wants = pod({ containers: [{ name: "c", resources: { requests: { "example.com/gpu": "1", cpu: "1" } } }] });
  await admitBy(extendedResourceToleration, requestOn("pods", { object: wants }));
  await admitBy(extendedResourceToleration, requestOn("pods", { object: wants }));
  assert.deepEqual(any(wants).spec.tolerations, [{ key: "example.com/gpu", operator: "Exists", effect: "NoSchedule" }]);
});

test("PodNodeSelector and PodTolerationRestriction: what a namespace gives and allows", async () => {
  const annotations = {
    "scheduler.alpha.kubernetes.io/node-selector": "env=prod",
    "scheduler.alpha.kubernetes.io/defaultTolerations": '[{"key":"a","operator":"Exists"}]',
    "scheduler.alpha.kubernetes.io/tolerationsWhitelist": '[{"key":"a","operator":"Exists"}]',
  };
  const reader = new FakeReader().put(namespaces, { metadata: { name: "ns", annotations } });
  const lister = await following(reader, namespaces);
  const selector = podNodeSelector(lister, reader, { ns: "env=prod,disk=ssd" });
  const placed = pod({ nodeSelector: { disk: "ssd" } });
  await admitBy(selector, requestOn("pods", { object: placed }));
  assert.deepEqual(any(placed).spec.nodeSelector, { env: "prod", disk: "ssd" });
  await refuses(
    admitBy(selector, requestOn("pods", { object: pod({ nodeSelector: { env: "dev" } }) })),
    'pods "web" is forbidden: pod node label selector conflicts with its namespace node label selector',
  );
  await refuses(
    admitBy(selector, requestOn("pods", { object: pod({ nodeSelector: { cpu: "fast" } }) })),
    'pods "web" is forbidden: pod node label selector labels conflict with its namespace whitelist',
  );
  const restriction = new PodTolerationRestriction(lister, reader);
  const plain = pod();
  await admitBy(restriction, requestOn("pods", { object: plain }));
  assert.deepEqual(any(plain).spec.tolerations, [{ key: "a", operator: "Exists" }]);
  await refuses(
    admitBy(restriction, requestOn("pods", { object: pod({ tolerations: [{ key: "b", operator: "Exists" }] }) })),
    "pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist",
  );
});

test("OwnerReferencesPermissionEnforcement", async () => {
  const { authorizer } = authorizerThat(
    ({ subresource, resource }) => subresource === "finalizers" && resource === "jobs",
  );
  const resourcesOfKind = (group: string, _version: string, kind: string) =>
    group === "batch" && kind === "Job"
      ? [{ plural: "jobs", namespaced: true }]
      : kind === "Deployment"
        ? [{ plural: "deployments", namespaced: true }]
        : [];
  const plugin = new OwnerReferencesPermissionEnforcement(authorizer, { resourcesOfKind });
  const owned = (apiVersion: string, kind: string, blockOwnerDeletion: boolean) =>
    pod({}, { ownerReferences: [{ apiVersion, kind, name: "o", uid: "u", blockOwnerDeletion }] });
  const create = (object: KubeObject) => admitBy(plugin, requestOn("pods", { object }));
  await create(owned("apps/v1", "Deployment", false));
  await create(owned("batch/v1", "Job", true));
  await refuses(
    create(owned("apps/v1", "Deployment", true)),
    'pods "web" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can\'t set finalizers on: , <nil>',
  );
  await refuses(
    create(owned("x/v1", "Nope", true)),
    /cannot find RESTMapping for APIVersion x\/v1 Kind Nope: no matches for kind "Nope" in version "x\/v1"/,
  );
  await refuses(
    admitBy(
      plugin,
      requestOn("pods", { operation: "UPDATE", object: owned("batch/v1", "Job", false), oldObject: pod() }),
    ),
    'pods "web" is forbidden: cannot set an ownerRef on a resource you can\'t delete: , <nil>',
  );
});

test("EventRateLimit: tokens come back with time, for each namespace its own", async () => {
  let now = 0;
  const plugin = eventRateLimit([{ type: "Namespace", qps: 1, burst: 2 }], { ...realClock, monotonic: () => now });
  const event = (namespace: string) =>
    admitBy(plugin, requestOn("events", { object: { metadata: { namespace, name: "e" } } }));
  await event("a");
  await event("a");
  await assert.rejects(event("a"), (error: StatusError) => {
    assert.equal(error.message, "Too many requests: limit reached on type Namespace for key a");
    return error.status.code === 429;
  });
  await event("b");
  now += 1000;
  await event("a");
});

test("ImagePolicyWebhook: asked once while the answer is good, open or closed when it fails", async () => {
  let answer: object | Error = { status: { allowed: true } };
  const bodies: object[] = [];
  const caller = {
    async post(body: Uint8Array) {
      bodies.push(JSON.parse(Buffer.from(body).toString()));
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const ttl = { allowTtlMs: 1000, denyTtlMs: 0, retryBackoffMs: 1 };
  const make = (defaultAllow: boolean) =>
    new ImagePolicyWebhook({ caller, config: { ...ttl, defaultAllow }, clock: realClock, random: realRandom });
  const plugin = make(false);
  const using = (image: string) =>
    requestOn("pods", {
      object: pod({ containers: [{ name: "c", image }] }, { annotations: { "x.image-policy.k8s.io/y": "1" } }),
    });
  await admitBy(plugin, using("good"));
  await admitBy(plugin, using("good"));
  assert.deepEqual(bodies, [
    {
      kind: "ImageReview",
      apiVersion: "imagepolicy.k8s.io/v1alpha1",
      metadata: {},
      spec: { containers: [{ image: "good" }], annotations: { "x.image-policy.k8s.io/y": "1" }, namespace: "ns" },
      status: { allowed: false },
    },
  ]);
  answer = { status: { allowed: false, reason: "old" } };
  await refuses(
    admitBy(plugin, using("bad")),
    'pods "web" is forbidden: image policy webhook backend denied one or more images: old',
  );
  answer = new Error("down");
  await refuses(admitBy(plugin, using("other")), 'pods "web" is forbidden: down');
  const { annotations } = await admitBy(make(true), using("other"));
  assert.deepEqual(annotations, { "imagepolicywebhook.image-policy.k8s.io/failed-open": "true" });
});
