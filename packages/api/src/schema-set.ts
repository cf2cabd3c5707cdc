/** The built-in kinds' schemas, read per group and version when first asked for. */

import { readFileSync } from "node:fs";
import type { Schema, SchemaSet } from "@kubets/apimachinery";
import { schemaRefPrefix } from "@kubets/apimachinery";

/** What precedes `.VERSION.TYPE` in a definition's name, where it is not `io.k8s.api.GROUP`. */
const otherPrefixes: readonly (readonly [prefix: string, file: string])[] = [
  ["io.k8s.apimachinery.", "meta_v1"],
  ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.", "apiextensions_v1"],
  ["io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.", "apiregistration_v1"],
];

const schemaFiles: readonly string[] = [
  "admissionregistration_v1",
  "admissionregistration_v1alpha1",
  "admissionregistration_v1beta1",
  "apiextensions_v1",
  "apiregistration_v1",
  "apiserverinternal_v1alpha1",
  "apps_v1",
  "authentication_v1",
  "authorization_v1",
  "autoscaling_v1",
  "autoscaling_v2",
  "batch_v1",
  "certificates_v1",
  "certificates_v1alpha1",
  "certificates_v1beta1",
  "coordination_v1",
  "coordination_v1alpha2",
  "coordination_v1beta1",
  "core_v1",
  "discovery_v1",
  "events_v1",
  "flowcontrol_v1",
  "meta_v1",
  "networking_v1",
  "networking_v1beta1",
  "node_v1",
  "policy_v1",
  "rbac_v1",
  "resource_v1",
  "resource_v1alpha3",
  "resource_v1beta1",
  "resource_v1beta2",
  "scheduling_v1",
  "scheduling_v1alpha2",
  "storage_v1",
  "storage_v1beta1",
  "storagemigration_v1beta1",
];

const loaded = new Map<string, Readonly<Record<string, Schema>>>();
/** What was asked for before: each request asks for its kind's several times. */
const found = new Map<string, Schema>();

function load(file: string): Readonly<Record<string, Schema>> {
  let content = loaded.get(file);
  if (content === undefined) {
    const text = readFileSync(new URL(`./generated/schemas/${file}.json`, import.meta.url), "utf8");
    content = JSON.parse(text) as Readonly<Record<string, Schema>>;
    loaded.set(file, content);
  }
  return content;
}

/** The file that has a definition: `apps_v1` for `io.k8s.api.apps.v1.Deployment`. */
function fileOf(name: string): string | undefined {
  for (const [prefix, file] of otherPrefixes) if (name.startsWith(prefix)) return file;
  const match = /^io\.k8s\.api\.([a-z]+)\.(v\d+(?:(?:alpha|beta)\d+)?)\./.exec(name);
  const file = match ? `${match[1]}_${match[2]}` : "";
  return schemaFiles.includes(file) ? file : undefined;
}

/**
 * All built-in definitions. `default` is a field's published default: fields that upstream always writes have their zero value there.
 * Quantities are strings or numbers with `format: quantity`. `names()` reads every file; `get` only the one it needs.
 */
export const schemaSet: SchemaSet = {
  get(name) {
    const known = found.get(name);
    if (known !== undefined) return known;
    const file = fileOf(name);
    if (file === undefined) return undefined;
    const content = load(file);
    const schema = Object.hasOwn(content, name) ? content[name] : undefined;
    if (schema !== undefined) found.set(name, schema);
    return schema;
  },
  *names() {
    for (const file of schemaFiles) yield* Object.keys(load(file));
  },
};

/** A schema that refers to a definition: `schemaRef("io.k8s.api.core.v1.Pod")`. */
export function schemaRef(name: string): Schema {
  return { $ref: schemaRefPrefix + name };
}
