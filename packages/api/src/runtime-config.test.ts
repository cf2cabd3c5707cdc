import assert from "node:assert/strict";
import { test } from "node:test";
import { allDefinitions, definitions, findDefinition } from "./catalogue.ts";
import { unstableResourceTable } from "./generated/resource-table.ts";
import { parseRuntimeConfig, runtimeConfigProblems } from "./runtime-config.ts";

const served = (text: string) => {
  const list = definitions(parseRuntimeConfig(text));
  return (group: string, version: string, plural: string) =>
    list.some((d) => d.group === group && d.version === version && d.plural === plural);
};

test("nothing unstable is served unless it is switched on", () => {
  assert.ok(definitions().every(({ version }) => /^v\d+$/.test(version)));
  assert.equal(definitions(parseRuntimeConfig("")).length, definitions().length);
  assert.ok(findDefinition("resource.k8s.io", "v1beta1", "resourceclaims"));
});

test("switches: all, a stage, a version, a resource; the narrowest decides", () => {
  const all = served("api/all=true");
  assert.ok(all("certificates.k8s.io", "v1alpha1", "clustertrustbundles"));
  const beta = served("api/beta=true,resource.k8s.io/v1beta1=false");
  assert.ok(beta("certificates.k8s.io", "v1beta1", "podcertificaterequests"));
  assert.ok(!beta("certificates.k8s.io", "v1alpha1", "clustertrustbundles"));
  assert.ok(!beta("resource.k8s.io", "v1beta1", "resourceclaims"));
  const one = served("api/all=false,v1=true,apps/v1/deployments,storagemigration.k8s.io/v1beta1");
  assert.ok(one("", "v1", "pods"));
  assert.ok(one("apps", "v1", "deployments"));
  assert.ok(!one("apps", "v1", "daemonsets"));
  assert.ok(one("storagemigration.k8s.io", "v1beta1", "storageversionmigrations"));
});

test("what cannot be switched is told", () => {
  const problems = (text: string) => runtimeConfigProblems(parseRuntimeConfig(text), allDefinitions());
  assert.deepEqual(problems("apps/v1,v1,api/v1,resource.k8s.io/v1beta1/resourceclaims"), []);
  assert.deepEqual(problems("odd.io/v1,apps/v7"), [
    "unknown api groups odd.io",
    "group version apps/v7 that has not been registered",
  ]);
  assert.deepEqual(problems("api/all=false"), ["invalid key with only api/all=false"]);
  assert.throws(() => parseRuntimeConfig("apps/v1=maybe"), /invalid value of apps\/v1: maybe/);
});

test("every unstable resource of the generated table is in the catalogue, in its group, versions best first", () => {
  const key = (d: { group: string; version: string; plural: string }) => `${d.group}/${d.version}/${d.plural}`;
  const unstable = allDefinitions().filter(({ version }) => !/^v\d+$/.test(version));
  assert.deepEqual(unstable.map(key).sort(), unstableResourceTable.map(key).sort());
  const groups = allDefinitions().map(({ group }) => group);
  assert.deepEqual(
    groups.filter((group, i) => group !== groups[i - 1]),
    [...new Set(groups)],
  );
  for (const definition of unstable) {
    const context = { now: 0, uuid: () => "uid", random: () => 0 };
    const object = { kind: definition.kind, metadata: { name: "x" } };
    definition.strategy.setDefaults?.(object);
    definition.strategy.prepareForCreate?.(object, context);
    definition.strategy.validate?.(object);
    definition.strategy.validateUpdate?.(object, object);
    definition.status?.validateUpdate?.(object, object);
    for (const column of definition.columns ?? []) column.value(object, { now: 0 });
  }
});
