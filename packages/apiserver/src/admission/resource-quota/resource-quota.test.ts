import assert from "node:assert/strict";
import { test } from "node:test";
import { findDefinition, type Pod, type ResourceQuota, resourceQuotas } from "@kubets/api";
import { conflict, type KubeObject, realClock } from "@kubets/apimachinery";
import { FakeReader } from "../../reader/fake-reader.ts";
import type { ResourceQuotaConfiguration } from "../configuration.ts";
import type { AdmissionAttributes } from "../plugin.ts";
import { following, requestOn } from "../testing.ts";
import { ResourceQuotaAdmission } from "./resource-quota.ts";

interface Setup {
  readonly plugin: ResourceQuotaAdmission;
  readonly used: (name?: string) => Promise<Record<string, string> | undefined>;
  readonly writes: () => number;
  interfere(): void;
}

async function setUp(quotas: ResourceQuota[], config?: ResourceQuotaConfiguration): Promise<Setup> {
  const reader = new FakeReader();
  let version = 1;
  const put = (quota: ResourceQuota) => {
    const stored = { ...quota, metadata: { ...quota.metadata, resourceVersion: `${++version}` } };
    reader.put(resourceQuotas, stored);
    return stored;
  };
  for (const quota of quotas) put(quota);
  const lister = await following(reader, resourceQuotas);
  let writes = 0;
  let interfering = false;
  const updateQuotaStatus = async (wanted: ResourceQuota) => {
    await new Promise((resolve) => setImmediate(resolve));
    const name = wanted.metadata?.name ?? "";
    if (interfering) {
      interfering = false;
      put((await reader.get(resourceQuotas, "ns", name))!);
    }
    const present = (await reader.get(resourceQuotas, "ns", name))!;
    if (present.metadata?.resourceVersion !== wanted.metadata?.resourceVersion)
      throw conflict({ group: "", resource: "resourcequotas" }, name, "changed");
    writes++;
    return put(wanted);
  };
  return {
    plugin: new ResourceQuotaAdmission({
      quotas: lister,
      reader,
      cluster: { updateQuotaStatus },
      clock: realClock,
      config,
      signal: new AbortController().signal,
    }),
    used: async (name = "q") => (await reader.get(resourceQuotas, "ns", name))?.status?.used,
    writes: () => writes,
    interfere: () => {
      interfering = true;
    },
  };
}

function quota(
  hard: Record<string, string>,
  rest: Partial<ResourceQuota> = {},
  used?: Record<string, string>,
): ResourceQuota {
  const counted = used ?? Object.fromEntries(Object.keys(hard).map((name) => [name, "0"]));
  return {
    metadata: { namespace: "ns", name: "q", ...rest.metadata },
    spec: { hard, ...rest.spec },
    status: { hard, used: counted },
  };
}

const creating = (resource: string, object: KubeObject, more: Partial<AdmissionAttributes> = {}) =>
  requestOn(resource, { object, ...more });

const pod = (name: string, resources: object = {}, spec: object = {}): Pod => ({
  metadata: { namespace: "ns", name },
  spec: { containers: [{ name: "c", resources }], ...spec },
});

const refused = (plugin: ResourceQuotaAdmission, attributes: AdmissionAttributes, message: string) =>
  assert.rejects(async () => plugin.validate(attributes), { message });

test("nothing is waited for where no quota counts the kind", async () => {
  const { plugin } = await setUp([quota({ configmaps: "1" })]);
  assert.equal(plugin.validate(creating("pods", pod("a"))), undefined);
  assert.equal(plugin.validate(creating("pods", pod("a"), { namespace: "other" })), undefined);
  const asks = (plural: string, operation: "CREATE" | "UPDATE", subresource = "") =>
    plugin.concerns(findDefinition("", "v1", plural)!, operation, subresource);
  assert.deepEqual(
    [
      asks("pods", "CREATE"),
      asks("pods", "UPDATE"),
      asks("pods", "UPDATE", "resize"),
      asks("pods", "UPDATE", "status"),
    ],
    [true, false, true, false],
  );
  assert.deepEqual(
    [asks("services", "UPDATE"), asks("secrets", "UPDATE"), asks("nodes", "CREATE"), asks("events", "CREATE")],
    [true, false, false, false],
  );
});

test("what would exceed is refused, and what is admitted is charged", async () => {
  const { plugin, used } = await setUp([quota({ pods: "1", "requests.cpu": "1", "limits.memory": "1Gi" })]);
  const small = { requests: { cpu: "600m" }, limits: { memory: "512Mi" } };
  await plugin.validate(creating("pods", pod("a", small), { dryRun: true }));
  assert.equal((await used())?.["pods"], "0");
  await plugin.validate(creating("pods", pod("a", small)));
  assert.deepEqual(await used(), { pods: "1", "requests.cpu": "600m", "limits.memory": "512Mi" });
  await refused(
    plugin,
    creating("pods", pod("b", small)),
    'pods "b" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=600m, used: pods=1,requests.cpu=600m, limited: pods=1,requests.cpu=1',
  );
  await refused(
    plugin,
    creating("pods", pod("c")),
    'pods "c" is forbidden: failed quota: q: must specify limits.memory for: c; requests.cpu for: c',
  );
});

test("of requests that come together no more are admitted than there is room, in few writes", async () => {
  const { plugin, used, writes, interfere } = await setUp([
    quota({ pods: "10" }),
    quota({ "count/pods": "40" }, { metadata: { name: "n" } }),
  ]);
  interfere();
  const results = await Promise.allSettled(
    Array.from({ length: 30 }, (_, i) => Promise.resolve(plugin.validate(creating("pods", pod(`p${i}`))))),
  );
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 10);
  assert.equal((await used())?.["pods"], "10");
  assert.equal((await used("n"))?.["count/pods"], "10");
  assert.ok(writes() <= 6, `${writes()} writes`);
});

test("scopes choose the pods a quota is about", async () => {
  const bestEffort = quota({ pods: "0" }, { spec: { scopes: ["BestEffort"] } });
  const high = quota(
    { pods: "0" },
    {
      metadata: { name: "high" },
      spec: { scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["high"] }] } },
    },
  );
  const { plugin } = await setUp([bestEffort, high]);
  const sized = { requests: { cpu: "1" } };
  await plugin.validate(creating("pods", pod("a", sized)));
  await refused(
    plugin,
    creating("pods", pod("b")),
    'pods "b" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0',
  );
  await refused(
    plugin,
    creating("pods", pod("c", sized, { priorityClassName: "high" })),
    'pods "c" is forbidden: exceeded quota: high, requested: pods=1, used: pods=0, limited: pods=0',
  );
});

test("a quota that was not counted yet lets nothing by", async () => {
  const { plugin } = await setUp([quota({ pods: "5" }, {}, {})]);
  await refused(
    plugin,
    creating("pods", pod("a")),
    'pods "a" is forbidden: status unknown for quota: q, resources: pods',
  );
});

test("an update is charged what it adds; storage classes and counts of any kind have names", async () => {
  const { plugin, used } = await setUp([
    quota({
      "requests.storage": "10Gi",
      "gold.storageclass.storage.k8s.io/requests.storage": "2Gi",
      "count/deployments.apps": "1",
    }),
  ]);
  const claim = (storage: string, storageClassName: string, resourceVersion?: string) => ({
    metadata: { namespace: "ns", name: "data", ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    spec: { storageClassName, resources: { requests: { storage } } },
  });
  await plugin.validate(creating("persistentvolumeclaims", claim("1Gi", "gold")));
  const growing = { operation: "UPDATE" as const, oldObject: claim("1Gi", "gold", "7") };
  await plugin.validate(creating("persistentvolumeclaims", claim("2Gi", "gold"), growing));
  assert.equal((await used())?.["requests.storage"], "2Gi");
  await refused(
    plugin,
    creating("persistentvolumeclaims", claim("3Gi", "gold"), { ...growing, oldObject: claim("2Gi", "gold", "8") }),
    'persistentvolumeclaims "data" is forbidden: exceeded quota: q, requested: gold.storageclass.storage.k8s.io/requests.storage=1Gi, used: gold.storageclass.storage.k8s.io/requests.storage=2Gi, limited: gold.storageclass.storage.k8s.io/requests.storage=2Gi',
  );
  await plugin.validate(creating("deployments.apps", { metadata: { namespace: "ns", name: "d" } }));
  await refused(
    plugin,
    creating("deployments.apps", { metadata: { namespace: "ns", name: "e" } }),
    'deployments.apps "e" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=1, limited: count/deployments.apps=1',
  );
});

test("what is limited by configuration needs a quota that covers it", async () => {
  const { plugin } = await setUp([], {
    limitedResources: [
      { resource: "persistentvolumeclaims", matchContains: ["gold.storageclass.storage.k8s.io/requests.storage"] },
      {
        resource: "pods",
        matchScopes: [{ scopeName: "PriorityClass", operator: "In", values: ["cluster-services"] }],
      },
    ],
  });
  const claim = {
    metadata: { namespace: "ns", name: "data" },
    spec: { storageClassName: "gold", resources: { requests: { storage: "1Gi" } } },
  };
  await refused(
    plugin,
    creating("persistentvolumeclaims", claim),
    'persistentvolumeclaims "data" is forbidden: insufficient quota to consume: gold.storageclass.storage.k8s.io/requests.storage',
  );
  await refused(
    plugin,
    creating("pods", pod("a", {}, { priorityClassName: "cluster-services" })),
    "insufficient quota to match these scopes: [{PriorityClass In [cluster-services]}]",
  );
  await plugin.validate(creating("pods", pod("b")));
});
