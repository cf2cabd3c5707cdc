import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Schema } from "@kubets/apimachinery";
import { resolveSchema, schemaRefPrefix } from "@kubets/apimachinery";
import { schemaRef, schemaSet } from "./schema-set.ts";

test("every reference leads to a definition", () => {
  for (const name of schemaSet.names()) {
    for (const ref of refsOf(schemaSet.get(name)!)) {
      assert.ok(schemaSet.get(ref.slice(schemaRefPrefix.length)), `${name} refers to ${ref}`);
    }
  }
});

test("a definition is found by its upstream name, and only by that", () => {
  assert.equal(resolveSchema(schemaRef("io.k8s.api.core.v1.Pod"), schemaSet).type, "object");
  assert.equal(schemaSet.get("io.k8s.api.core.v1.Nothing"), undefined);
  assert.equal(schemaSet.get("io.k8s.api.nothing.v1.Pod"), undefined);
  assert.equal(schemaSet.get("io.k8s.api.core.v1.constructor"), undefined);
});

function refsOf(schema: Schema): string[] {
  const parts = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  const own = schema.$ref === undefined ? [] : [schema.$ref];
  return [...own, ...parts.flatMap((part) => (typeof part === "object" ? refsOf(part) : []))];
}

/** Upstream's published documents of v1.35, outside the project. */
const reference = fileURLToPath(new URL("../../../../shared/reference/openapi-v3-1.35", import.meta.url));
const skip = existsSync(reference)
  ? false
  : `SKIPPED: ${reference} is missing, so nothing was compared with upstream's published schemas`;

/** What v1.36 has and v1.35 has not, or has otherwise. */
const newIn136: Readonly<Record<string, string>> = {
  "io.k8s.api.authentication.v1.TokenRequest: required , published spec": "1.36 says otherwise what is required",
  "io.k8s.api.authentication.v1.TokenRequestSpec: required , published audiences":
    "1.36 says otherwise what is required",
  "io.k8s.api.authentication.v1.TokenRequestStatus: required , published expirationTimestamp,token":
    "1.36 says otherwise what is required",
  "io.k8s.api.core.v1.PodSpec.schedulingGroup: added": "new in 1.36",
  "io.k8s.api.core.v1.PodSpec.workloadRef: gone": "taken out in 1.36: schedulingGroup took its place",
  "io.k8s.api.core.v1.PodStatus.nodeAllocatableResourceClaimStatuses: added": "new in 1.36",
  "io.k8s.api.core.v1.ResourceHealth.message: added": "new in 1.36",
  "io.k8s.api.core.v1.VolumeMountStatus.volumeStatus: added": "new in 1.36",
  "io.k8s.api.core.v1.WorkloadReference: missing": "taken out in 1.36: schedulingGroup took its place",
  "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta.shardInfo: added": "new in 1.36",
  "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding: required spec, published ":
    "1.36 says otherwise what is required",
  "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec: required policyName,validationActions, published ":
    "1.36 says otherwise what is required",
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceSpec.caBundle: x-kubernetes-list-type undefined, published "atomic"':
    "a list type on a byte string means nothing",
  "io.k8s.api.authentication.v1.TokenReviewSpec: required token, published ": "1.36 says otherwise what is required",
  "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler: required spec, published ":
    "1.36 says otherwise what is required",
  "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler: required spec, published ":
    "1.36 says otherwise what is required",
  "io.k8s.api.batch.v1.CronJob: required spec, published ": "1.36 says otherwise what is required",
  "io.k8s.api.discovery.v1.EndpointSlice: required addressType, published addressType,endpoints":
    "1.36 says otherwise what is required",
  "io.k8s.api.networking.v1.IPAddress: required spec, published ": "1.36 says otherwise what is required",
  "io.k8s.api.policy.v1.PodDisruptionBudgetStatus: required , published currentHealthy,desiredHealthy,disruptionsAllowed,expectedPods":
    "1.36 says otherwise what is required",
  "io.k8s.api.rbac.v1.RoleRef: required kind,name, published apiGroup,kind,name":
    "1.36 says otherwise what is required",
  "io.k8s.api.resource.v1.Device.nodeAllocatableResourceMappings: added": "new in 1.36",
  "io.k8s.api.resource.v1.DeviceAttribute.bools: added": "new in 1.36",
  "io.k8s.api.resource.v1.DeviceAttribute.ints: added": "new in 1.36",
  "io.k8s.api.resource.v1.DeviceAttribute.strings: added": "new in 1.36",
  "io.k8s.api.resource.v1.DeviceAttribute.versions: added": "new in 1.36",
  "io.k8s.api.scheduling.v1.PriorityClass: required , published value": "1.36 says otherwise what is required",
  "io.k8s.api.storage.v1.CSIDriverSpec.preventPodSchedulingIfMissing: added": "new in 1.36",
};

test("fields, types, required, list types, merge keys and defaults are those upstream publishes", { skip }, (t) => {
  const differences = new Set<string>();
  for (const [name, wanted] of readReference()) {
    const found = schemaSet.get(name);
    if (found === undefined) differences.add(`${name}: missing`);
    else for (const text of compareStruct(name, found, wanted)) differences.add(text);
  }
  const unexplained = [...differences].filter((text) => newIn136[text] === undefined);
  const outdated = Object.keys(newIn136).filter((text) => !differences.has(text));
  for (const text of differences) if (newIn136[text] !== undefined) t.diagnostic(`${text} (${newIn136[text]})`);
  assert.deepEqual({ unexplained, outdated }, { unexplained: [], outdated: [] });
});

type Published = Omit<Schema, "properties" | "items" | "additionalProperties"> & {
  allOf?: { $ref: string }[];
  oneOf?: unknown;
  properties?: Record<string, Published>;
  items?: Published;
  additionalProperties?: Published;
};

function readReference(): Map<string, Published> {
  const all = new Map<string, Published>();
  for (const file of readdirSync(reference)) {
    if (/alpha|beta/.test(file)) continue;
    const document = JSON.parse(readFileSync(`${reference}/${file}`, "utf8"));
    for (const [name, schema] of Object.entries<Published>(document.components.schemas)) all.set(name, schema);
  }
  return all;
}

function compareStruct(name: string, found: Schema, wanted: Published): string[] {
  const out: string[] = [];
  const foundNames = Object.keys(found.properties ?? {});
  const wantedNames = Object.keys(wanted.properties ?? {});
  for (const field of foundNames) if (!wantedNames.includes(field)) out.push(`${name}.${field}: added`);
  for (const field of wantedNames) {
    const mine = found.properties?.[field];
    if (mine === undefined) out.push(`${name}.${field}: gone`);
    else out.push(...compareField(`${name}.${field}`, mine, wanted.properties![field]!));
  }
  const required = (schema: { required?: readonly string[] }) => [...(schema.required ?? [])].sort().join();
  if (required(found) !== required(wanted))
    out.push(`${name}: required ${required(found)}, published ${required(wanted)}`);
  for (const key of ["x-kubernetes-map-type", "x-kubernetes-unions"] as const) {
    if (JSON.stringify(found[key]) !== JSON.stringify(wanted[key])) out.push(`${name}: ${key}`);
  }
  const kinds = wanted["x-kubernetes-group-version-kind"] ?? [];
  const own = found["x-kubernetes-group-version-kind"] ?? [];
  for (const kind of own) {
    const same = (k: typeof kind) => k.group === kind.group && k.version === kind.version && k.kind === kind.kind;
    if (!kinds.some(same)) out.push(`${name}: group-version-kind`);
  }
  if (kinds.length > 0 && own.length === 0) out.push(`${name}: no group-version-kind`);
  return out;
}

const compared = [
  "default",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-patch-strategy",
  "x-kubernetes-patch-merge-key",
] as const;

function compareField(where: string, found: Schema, wanted: Published): string[] {
  const out: string[] = [];
  if (typeText(found) !== typeText(wanted))
    out.push(`${where}: type ${typeText(found)}, published ${typeText(wanted)}`);
  for (const key of compared) {
    if (JSON.stringify(found[key]) === JSON.stringify(wanted[key])) continue;
    out.push(`${where}: ${key} ${JSON.stringify(found[key])}, published ${JSON.stringify(wanted[key])}`);
  }
  return out;
}

function typeText(schema: Schema | Published | boolean | undefined): string {
  if (typeof schema !== "object") return String(schema);
  const ref = schema.$ref ?? ("allOf" in schema ? schema.allOf?.[0]?.$ref : undefined);
  if (ref !== undefined) return ref.slice(schemaRefPrefix.length);
  if (schema.items !== undefined) return `list of ${typeText(schema.items)}`;
  if (schema.additionalProperties !== undefined) return `map of ${typeText(schema.additionalProperties)}`;
  return [schema.type, schema.format].filter((part) => part !== undefined).join(" ");
}
