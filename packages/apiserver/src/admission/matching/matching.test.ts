import assert from "node:assert/strict";
import { test } from "node:test";
import { findDefinition } from "@kubets/api";
import type { KubeObject } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import type { ObjectReader } from "../../reader/object-reader.ts";
import type { ResourceTable } from "../../server/resource-table.ts";
import { realServer } from "../../testing/real-server.ts";
import type { AdmissionOperation } from "../plugin.ts";
import { type MatchCriteria, MatchTable, matchRequest, ruleMatches } from "./index.ts";

const pods = findDefinition("", "v1", "pods")!;
const nodes = findDefinition("", "v1", "nodes")!;
const scaleV2 = findDefinition("autoscaling", "v2", "horizontalpodautoscalers")!;
const scaleV1 = findDefinition("autoscaling", "v1", "horizontalpodautoscalers")!;
const namespaceDefinition = findDefinition("", "v1", "namespaces")!;
const webhooks = findDefinition("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations")!;

const everything = { apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"] };

test("rules", () => {
  const cases: [string[], string, boolean][] = [
    [["pods"], "", true],
    [["pods"], "status", false],
    [["*"], "", true],
    [["*"], "exec", false],
    [["pods/*"], "exec", true],
    [["pods/*"], "", true],
    [["*/scale"], "scale", true],
    [["*/scale"], "status", false],
    [["*/*"], "anything", true],
    [["services", "pods/log"], "log", true],
  ];
  for (const [resources, subresource, expected] of cases) {
    const rule = { ...everything, resources };
    const request = { definition: pods, operation: "CREATE" as const, subresource };
    assert.equal(ruleMatches(rule, request), expected, `${resources} ${subresource}`);
  }
  const scoped = (scope: string, definition = pods) =>
    ruleMatches({ ...everything, scope }, { definition, operation: "CREATE", subresource: "" });
  assert.deepEqual(
    [scoped("Namespaced"), scoped("Cluster"), scoped("Cluster", nodes), scoped("Cluster", namespaceDefinition)],
    [true, false, true, true],
  );
});

const store = memoryStore();
const server = realServer({ store });
const labelled: Record<string, Record<string, string>> = { prod: { env: "prod" }, dev: { env: "dev" } };
const reader = {
  get: async (_resource: unknown, _namespace: string, name: string) =>
    labelled[name] === undefined ? undefined : { metadata: { name, labels: labelled[name] } },
} as unknown as ObjectReader;
const source = { reader, resources: (): ResourceTable => server.resources };

async function match(criteria: Partial<MatchCriteria>, request: object): Promise<string | undefined> {
  const table = new MatchTable(source, [{ value: "x", criteria: { rules: [everything], ...criteria } }]);
  const asked = {
    definition: pods,
    operation: "CREATE" as AdmissionOperation,
    subresource: "",
    namespace: "prod",
    name: "web",
    object: { metadata: { name: "web", labels: { app: "web" } } } as KubeObject | undefined,
    oldObject: undefined as KubeObject | undefined,
    ...request,
  };
  const [candidate] = table.candidates(asked);
  if (candidate === undefined) return undefined;
  const as = await matchRequest(candidate, asked, source);
  return as === undefined ? undefined : `${as.version} ${as.plural}`;
}

test("a selector that cannot be read is an error where it would decide, and nowhere else", async () => {
  const bad = { matchLabels: { "not a key": "x" } };
  const failed = { code: 500, message: /^Internal error occurred: .*not a key/ };
  await assert.rejects(match({ objectSelector: bad }, {}), failed);
  await assert.rejects(match({ namespaceSelector: bad }, {}), failed);
  const others = { rules: [{ ...everything, resources: ["secrets"] }] };
  assert.equal(await match({ ...others, objectSelector: bad }, {}), undefined);
  assert.equal(await match({ objectSelector: bad, namespaceSelector: { matchLabels: { env: "dev" } } }, {}), undefined);
  assert.equal(await match({ namespaceSelector: bad, objectSelector: { matchLabels: { app: "db" } } }, {}), undefined);
  const ofNode = { definition: nodes, namespace: "", name: "n1" };
  assert.equal(await match({ namespaceSelector: bad }, ofNode), "v1 nodes");
  await assert.rejects(match({ objectSelector: bad }, ofNode), failed);
});

test("selectors, names and exclusions", async () => {
  assert.equal(await match({}, {}), "v1 pods");
  assert.equal(await match({ namespaceSelector: { matchLabels: { env: "prod" } } }, {}), "v1 pods");
  assert.equal(await match({ namespaceSelector: { matchLabels: { env: "prod" } } }, { namespace: "dev" }), undefined);
  await assert.rejects(match({ namespaceSelector: { matchLabels: { env: "x" } } }, { namespace: "gone" }), {
    code: 404,
  });
  assert.equal(await match({ objectSelector: { matchLabels: { app: "web" } } }, {}), "v1 pods");
  assert.equal(await match({ objectSelector: { matchLabels: { app: "db" } } }, {}), undefined);
  const oldObject = { metadata: { labels: { app: "db" } } };
  assert.equal(await match({ objectSelector: { matchLabels: { app: "db" } } }, { oldObject }), "v1 pods");
  // Cluster-scoped objects are not exempted by a namespace selector; namespaces are, by their own labels.
  const dev = { namespaceSelector: { matchLabels: { env: "dev" } } };
  assert.equal(await match(dev, { definition: nodes, namespace: "" }), "v1 nodes");
  const ofNamespace = { definition: namespaceDefinition, namespace: "", name: "prod" };
  assert.equal(await match(dev, { ...ofNamespace, object: { metadata: { labels: { env: "dev" } } } }), "v1 namespaces");
  assert.equal(await match(dev, { ...ofNamespace, operation: "DELETE", object: undefined }), undefined);
  assert.equal(await match({ rules: [{ ...everything, resourceNames: ["web"] }] }, {}), "v1 pods");
  assert.equal(await match({ rules: [{ ...everything, resourceNames: ["db"] }] }, {}), undefined);
  assert.equal(await match({ excludeRules: [{ ...everything, resourceNames: ["web"] }] }, {}), undefined);
  assert.equal(await match({ excludeRules: [everything] }, {}), undefined);
  assert.equal(await match({ rules: [] }, {}), undefined);
  assert.equal(await match({ rules: [], allWithoutRules: true }, {}), "v1 pods");
  assert.equal(await match({}, { definition: webhooks, namespace: "" }), undefined);
});

test("other versions of a resource are the same to Equivalent, and not to Exact", async () => {
  const rules = [
    { ...everything, apiGroups: ["autoscaling"], apiVersions: ["v1"], resources: ["horizontalpodautoscalers"] },
  ];
  assert.equal(
    await match({ rules, matchPolicy: "Equivalent" }, { definition: scaleV2 }),
    "v1 horizontalpodautoscalers",
  );
  assert.equal(
    await match({ rules, matchPolicy: "Equivalent" }, { definition: scaleV1 }),
    "v1 horizontalpodautoscalers",
  );
  assert.equal(await match({ rules, matchPolicy: "Exact" }, { definition: scaleV2 }), undefined);
});
