import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type LimitRangeItem,
  limitRanges,
  namespaces,
  nodes,
  type Pod,
  type PodSpec,
  pods,
  priorityClasses,
  serviceAccounts,
  type Volume,
} from "@kubets/api";
import { clone, type KubeObject, type ObjectMeta, realClock, realRandom, type StatusError } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";
import { FakeReader } from "../reader/fake-reader.ts";
import { enabledAdmissionPlugins } from "./default-plugins.ts";
import { limitRanger } from "./limit-ranger.ts";
import { NamespaceLifecycle } from "./namespace-lifecycle.ts";
import { forbiddenNodeLabels } from "./node-labels.ts";
import { NodeRestriction } from "./node-restriction.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./plugin.ts";
import { priorityAdmission } from "./priority.ts";
import { ServiceAccountAdmission } from "./service-account.ts";
import { defaultTolerationSeconds, taintNodesByCondition } from "./taints.ts";
import { admitBy, following, requestOn } from "./testing.ts";

const alice: UserInfo = { name: "alice", groups: [] };
const kubelet: UserInfo = { name: "system:node:n1", groups: ["system:nodes", "system:authenticated"] };

const about = requestOn;

function podOf(spec: Partial<PodSpec> = {}, metadata: ObjectMeta = {}): Pod {
  return { metadata: { namespace: "ns", name: "web", ...metadata }, spec: { containers: [{ name: "c" }], ...spec } };
}

async function admit(plugin: AdmissionPlugin, attributes: AdmissionAttributes): Promise<KubeObject | undefined> {
  await admitBy(plugin, attributes);
  return attributes.object;
}

const admitPod = async (plugin: AdmissionPlugin, pod: Pod, user = alice) =>
  (await admit(plugin, about("pods", { object: pod, user }))) as Pod;

const refuses = (promise: Promise<unknown>, message: string | RegExp) => assert.rejects(promise, { message });

test("NamespaceLifecycle: nothing new where a namespace is missing or going", async () => {
  const reader = new FakeReader()
    .put(namespaces, { metadata: { name: "ns" }, status: { phase: "Active" } })
    .put(namespaces, { metadata: { name: "going" }, status: { phase: "Terminating" } });
  const plugin = new NamespaceLifecycle(await following(reader, namespaces), reader, realClock);
  await admitPod(plugin, podOf());
  await refuses(admitPod(plugin, podOf({}, { namespace: "gone" })), 'namespaces "gone" not found');
  await assert.rejects(admitPod(plugin, podOf({}, { namespace: "going" })), (error: StatusError) => {
    assert.equal(
      error.message,
      'pods "web" is forbidden: unable to create new content in namespace going because it is being terminated',
    );
    assert.equal(error.status.details?.causes?.[0]?.reason, "NamespaceTerminating");
    return true;
  });
  await admit(plugin, about("pods", { operation: "DELETE", oldObject: podOf({}, { namespace: "going" }) }));
  const remove = (name: string) =>
    admit(plugin, about("namespaces", { operation: "DELETE", oldObject: { metadata: { name } } }));
  await refuses(remove("kube-system"), 'namespaces "kube-system" is forbidden: this namespace may not be deleted');
  await remove("ns");
});

async function serviceAccountPlugin(reader: FakeReader) {
  const accounts = await following(reader, serviceAccounts);
  const clock = { ...realClock, sleep: async () => {} };
  return new ServiceAccountAdmission({ accounts, reader, clock, random: realRandom });
}

test("ServiceAccount: the default account, its token where nobody put one, its pull secrets", async () => {
  const reader = new FakeReader().put(serviceAccounts, {
    metadata: { namespace: "ns", name: "default" },
    imagePullSecrets: [{ name: "registry" }],
  });
  const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
  const own = { name: "mine", volumeMounts: [{ name: "v", mountPath }] };
  const pod = await admitPod(
    await serviceAccountPlugin(reader),
    podOf({ containers: [{ name: "c" }, own], initContainers: [{ name: "i" }] }),
  );
  const [volume] = pod.spec?.volumes ?? [];
  assert.equal(pod.spec?.serviceAccountName, "default");
  assert.match(volume?.name ?? "", /^kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  assert.deepEqual(volume?.projected?.sources?.[0], {
    serviceAccountToken: { path: "token", expirationSeconds: 3607 },
  });
  const mount = { name: volume?.name, readOnly: true, mountPath };
  assert.deepEqual(pod.spec?.containers[0]?.volumeMounts, [mount]);
  assert.deepEqual(pod.spec?.initContainers?.[0]?.volumeMounts, [mount]);
  assert.equal(pod.spec?.containers[1]?.volumeMounts?.length, 1);
  assert.deepEqual(pod.spec?.imagePullSecrets, [{ name: "registry" }]);
  const again = await admitPod(await serviceAccountPlugin(reader), clone(pod));
  assert.deepEqual(again, pod);
  const without = await admitPod(await serviceAccountPlugin(reader), podOf({ automountServiceAccountToken: false }));
  assert.equal(without.spec?.volumes, undefined);
  await refuses(
    admitPod(await serviceAccountPlugin(reader), podOf({ serviceAccountName: "gone" })),
    'pods "web" is forbidden: error looking up service account ns/gone: serviceaccount "gone" not found',
  );
});

test("ServiceAccount: mountable secrets are enforced where asked, mirror pods have no account", async () => {
  const reader = new FakeReader().put(serviceAccounts, {
    metadata: { namespace: "ns", name: "strict", annotations: { "kubernetes.io/enforce-mountable-secrets": "true" } },
    secrets: [{ name: "fine" }],
  });
  const using = (secretName: string) =>
    podOf({ serviceAccountName: "strict", volumes: [{ name: "v", secret: { secretName } }] });
  await admitPod(await serviceAccountPlugin(reader), using("fine"));
  await refuses(
    admitPod(await serviceAccountPlugin(reader), using("other")),
    'pods "web" is forbidden: volume with secret.secretName="other" is not allowed because service account strict does not reference that secret',
  );
  const mirror = { annotations: { "kubernetes.io/config.mirror": "x" } };
  assert.equal(
    (await admitPod(await serviceAccountPlugin(reader), podOf({}, mirror))).spec?.serviceAccountName,
    undefined,
  );
  await refuses(
    admitPod(await serviceAccountPlugin(reader), podOf({ serviceAccountName: "strict" }, mirror)),
    /a mirror pod may not reference service accounts/,
  );
});

test("Priority: from the class, the default class, or the system's", async () => {
  const reader = new FakeReader();
  const plugin = priorityAdmission(await following(reader, priorityClasses));
  const priorityOf = async (spec: Partial<PodSpec>) => {
    const pod = await admitPod(plugin, podOf(spec));
    return [pod.spec?.priorityClassName, pod.spec?.priority, pod.spec?.preemptionPolicy];
  };
  assert.deepEqual(await priorityOf({}), [undefined, 0, "PreemptLowerPriority"]);
  assert.deepEqual(await priorityOf({ priorityClassName: "system-node-critical" }), [
    "system-node-critical",
    2_000_001_000,
    "PreemptLowerPriority",
  ]);
  reader.put(priorityClasses, { metadata: { name: "high" }, value: 100, preemptionPolicy: "Never" });
  reader.put(priorityClasses, { metadata: { name: "usual" }, value: 7, globalDefault: true });
  assert.deepEqual(await priorityOf({ priorityClassName: "high" }), ["high", 100, "Never"]);
  assert.deepEqual(await priorityOf({}), ["usual", 7, "PreemptLowerPriority"]);
  await refuses(
    priorityOf({ priorityClassName: "nope" }),
    'pods "web" is forbidden: no PriorityClass with name nope was found',
  );
  await refuses(
    priorityOf({ priorityClassName: "high", priority: 3 }),
    'pods "web" is forbidden: the integer value of priority (3) must not be provided in pod spec; priority admission controller computed 100 from the given PriorityClass name',
  );
  const second = { metadata: { name: "second" }, value: 1, globalDefault: true };
  await refuses(
    admit(plugin, about("priorityclasses.scheduling.k8s.io", { object: second })),
    'priorityclasses.scheduling.k8s.io "second" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
  );
});

test("DefaultTolerationSeconds and TaintNodesByCondition", async () => {
  const pod = await admitPod(
    defaultTolerationSeconds(),
    podOf({ tolerations: [{ key: "node.kubernetes.io/not-ready", operator: "Exists" }] }),
  );
  assert.deepEqual(pod.spec?.tolerations?.slice(1), [
    { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
  ]);
  const daemon = podOf({ tolerations: [{ operator: "Exists" }] });
  assert.equal((await admitPod(defaultTolerationSeconds(), daemon)).spec?.tolerations?.length, 1);
  const node = await admit(taintNodesByCondition, about("nodes", { object: { metadata: { name: "n" } } }));
  assert.deepEqual((node as { spec?: object }).spec, {
    taints: [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }],
  });
});

test("LimitRanger: defaults, minimum, maximum and ratio", async () => {
  const withLimits = async (...limits: LimitRangeItem[]) => {
    const reader = new FakeReader().put(limitRanges, { metadata: { namespace: "ns", name: "l" }, spec: { limits } });
    return limitRanger(await following(reader, limitRanges));
  };
  const sized = (requests: Record<string, string>, limits: Record<string, string>) =>
    podOf({ containers: [{ name: "c", resources: { requests, limits } }] });
  const defaults = await withLimits({
    type: "Container",
    default: { cpu: "500m" },
    defaultRequest: { cpu: "100m", memory: "64Mi" },
  });
  const pod = await admitPod(defaults, podOf());
  assert.deepEqual(pod.spec?.containers[0]?.resources, {
    requests: { cpu: "100m", memory: "64Mi" },
    limits: { cpu: "500m" },
  });
  assert.equal(
    pod.metadata?.annotations?.["kubernetes.io/limit-ranger"],
    "LimitRanger plugin set: cpu, memory request for container c; cpu limit for container c",
  );
  const bounds = await withLimits({ type: "Container", min: { cpu: "100m" }, max: { cpu: "1" } });
  await admitPod(bounds, sized({ cpu: "100m" }, { cpu: "1" }));
  await refuses(
    admitPod(bounds, sized({ cpu: "50m" }, { cpu: "2" })),
    'pods "web" is forbidden: [minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per Container is 1, but limit is 2]',
  );
  await refuses(
    admitPod(bounds, sized({ cpu: "100m" }, {})),
    'pods "web" is forbidden: maximum cpu usage per Container is 1.  No limit is specified',
  );
  const ratio = await withLimits({ type: "Container", maxLimitRequestRatio: { cpu: "2" } });
  await refuses(
    admitPod(ratio, sized({ cpu: "1" }, { cpu: "3" })),
    /cpu max limit to request ratio per Container is 2, but provided ratio is 3\.000000/,
  );
  const whole = await withLimits({ type: "Pod", max: { memory: "1Gi" } });
  const two = podOf({ containers: ["a", "b"].map((name) => ({ name, resources: { limits: { memory: "600Mi" } } })) });
  await refuses(
    admitPod(whole, two),
    'pods "web" is forbidden: maximum memory usage per Pod is 1Gi, but limit is 1200Mi',
  );
});

const tokenVolume = (audience: string): Volume => ({
  name: "t",
  projected: { sources: [{ serviceAccountToken: { audience, path: "token" } }] },
});

test("NodeRestriction: a node is kept to itself", async () => {
  const reader = new FakeReader()
    .put(nodes, { metadata: { name: "n1", uid: "u1" } })
    .put(pods, podOf({ nodeName: "n1", volumes: [tokenVolume("vault")] }, { name: "mine", uid: "p1" }))
    .put(pods, podOf({ nodeName: "n2" }, { name: "other", uid: "p2" }));
  const plugin = new NodeRestriction(reader);
  const remove = (name: string) =>
    admit(plugin, about("pods", { operation: "DELETE", namespace: "ns", name, user: kubelet }));
  await remove("mine");
  await refuses(
    remove("other"),
    'pods "other" is forbidden: node "n1" can only delete pods with spec.nodeName set to itself',
  );
  await admitPod(plugin, podOf());
  await refuses(
    admitPod(plugin, podOf(), kubelet),
    /pod does not have "kubernetes.io\/config.mirror" annotation, node "n1" can only create mirror pods/,
  );
  const owner = { apiVersion: "v1", kind: "Node", name: "n1", uid: "u1", controller: true };
  const mirror = { annotations: { "kubernetes.io/config.mirror": "x" }, ownerReferences: [owner] };
  await admitPod(plugin, podOf({ nodeName: "n1" }, mirror), kubelet);
  await refuses(
    admitPod(plugin, podOf({ nodeName: "n1", volumes: [{ name: "v", secret: { secretName: "s" } }] }, mirror), kubelet),
    /can not create pods that reference secrets/,
  );

  const node = (name: string, labels: Record<string, string>) =>
    admit(plugin, about("nodes", { object: { metadata: { name, labels } }, user: kubelet }));
  await node("n1", { "kubernetes.io/hostname": "n1", "acme.com/rack": "7" });
  await refuses(node("n2", {}), 'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"');
  await refuses(
    node("n1", { "node-restriction.kubernetes.io/x": "1" }),
    /not allowed to set the following labels: node-restriction\.kubernetes\.io\/x/,
  );

  const owners = [{ apiVersion: "v1", kind: "Node", name: "n2", uid: "u2" }];
  await refuses(
    admit(
      plugin,
      about("nodes", {
        operation: "UPDATE",
        name: "n1",
        user: kubelet,
        object: { metadata: { name: "n1", ownerReferences: owners } },
        oldObject: { metadata: { name: "n1" } },
      }),
    ),
    /node "n1" is not allowed to modify ownerReferences/,
  );
  const token = (name: string, uid: string, ...audiences: string[]) =>
    admit(
      plugin,
      about("serviceaccounts", {
        subresource: "token",
        namespace: "ns",
        name: "default",
        user: kubelet,
        object: { spec: { audiences, boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid } } } as KubeObject,
      }),
    );
  await token("mine", "p1", "vault");
  await refuses(
    token("mine", "p1", "other"),
    'serviceaccounts "default" is forbidden: audience "other" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
  );
  await refuses(token("mine", "p1", "a", "b"), /node may only request 0 or 1 audiences/);
  await refuses(token("other", "p2"), /node requested token bound to a pod scheduled on a different node/);
  const lease = (namespace: string, name: string) =>
    admit(plugin, about("leases.coordination.k8s.io", { object: { metadata: { namespace, name } }, user: kubelet }));
  await lease("kube-node-lease", "n1");
  await refuses(lease("kube-node-lease", "n2"), /can only access node lease with the same name/);
  await refuses(lease("default", "n1"), /can only access leases in the "kube-node-lease" system namespace/);
});

test("labels a node may not touch", () => {
  const forbidden = (key: string) => forbiddenNodeLabels({ [key]: "1" }, {}).length > 0;
  for (const key of [
    "kubernetes.io/os",
    "node.kubernetes.io/anything",
    "x.kubelet.kubernetes.io/y",
    "acme.com/z",
    "plain",
  ])
    assert.ok(!forbidden(key), key);
  for (const key of ["node-role.kubernetes.io/control-plane", "k8s.io/x", "a.node-restriction.kubernetes.io/x"])
    assert.ok(forbidden(key), key);
  assert.deepEqual(forbiddenNodeLabels({ "k8s.io/same": "1" }, { "k8s.io/same": "1" }), []);
});

test("plugins come in upstream's order, and unknown ones are named", () => {
  const enabled = enabledAdmissionPlugins(["NodeRestriction", "AlwaysDeny"], ["Priority"]);
  assert.deepEqual(enabled.slice(0, 5), [
    "NamespaceLifecycle",
    "LimitRanger",
    "ServiceAccount",
    "NodeRestriction",
    "TaintNodesByCondition",
  ]);
  assert.deepEqual(enabled.slice(-3), ["ValidatingAdmissionWebhook", "ResourceQuota", "AlwaysDeny"]);
  assert.ok(!enabled.includes("Priority"));
  assert.throws(() => enabledAdmissionPlugins(["Nope"]), /enable-admission-plugins plugin "Nope" is unknown/);
  assert.throws(() => enabledAdmissionPlugins(["Priority"], ["Priority"]), /overlapped/);
});
