/** Everything under packages/api/src/generated, as file name to text. */

import { type FieldRule, overlays, parseFieldRule } from "@kubets/api/overlay";
import { assignGroups, type Definition, isUnstable } from "./definitions.ts";
import { type Endpoint, readEndpoints } from "./endpoints.ts";
import { type ApiGroup, apiGroups } from "./groups.ts";
import { clientFolder, readModels } from "./models.ts";
import { readResources, writeHandles, writeTable } from "./write-resources.ts";
import { type SchemaContext, writeSchemas } from "./write-schemas.ts";
import { writeTypes, writeUnstableTypes } from "./write-types.ts";

export async function generateApi(): Promise<Map<string, string>> {
  const folder = clientFolder();
  const models = await readModels(folder);
  const endpoints = new Map<string, Endpoint[]>();
  for (const group of apiGroups) {
    endpoints.set(
      group.short,
      [...group.versions, ...group.unstable].flatMap((version) => readEndpoints(folder, apiClass(group, version))),
    );
  }
  const definitions = assignGroups(models, endpoints);
  const context = contextOf(definitions);
  const rowsOf = (group: ApiGroup, versions: readonly string[]) =>
    versions.flatMap((version) => readResources(group, version, endpoints.get(group.short) ?? [], definitions));
  const rows = apiGroups.flatMap((group) => rowsOf(group, group.versions));
  const unstable = apiGroups.flatMap((group) => rowsOf(group, group.unstable));
  const files = new Map<string, string>();
  files.set("types.ts", writeTypes(context));
  files.set("resources.ts", writeHandles(rows));
  files.set("unstable-types.ts", writeUnstableTypes(context));
  files.set("resource-table.ts", writeTable(rows, unstable));
  for (const [name, content] of writeSchemas(context)) {
    const lines = Object.entries(content).map(([key, schema]) => `${JSON.stringify(key)}:${JSON.stringify(schema)}`);
    files.set(`schemas/${name}.json`, `{\n${lines.join(",\n")}\n}\n`);
  }
  return files;
}

/** `RbacAuthorizationV1Api` for rbac.authorization.k8s.io/v1. */
function apiClass(group: ApiGroup, version: string): string {
  const words = (group.group === "" ? "core" : group.group.replace(/\.k8s\.io$/, "")).split(".");
  const name = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
  return `${name}${version[0]!.toUpperCase()}${version.slice(1)}Api`;
}

function contextOf(definitions: ReadonlyMap<string, Definition>): SchemaContext {
  const used = new Set<string>();
  const overlay = (definition: Definition) => {
    const group = overlays[definition.group.short] ?? {};
    const full = `${definition.version}.${definition.base}`;
    // What is said of a type without a version holds for its alpha and beta forms too, as far as they have the fields.
    const key = definition.group.versions.length > 1 || group[full] !== undefined ? full : definition.base;
    used.add(`${definition.group.short}/${key}`);
    return group[key] ?? {};
  };
  for (const definition of definitions.values()) {
    if (!isUnstable(definition)) checkFields(definition, Object.keys(overlay(definition)));
    else overlay(definition);
  }
  checkTypes(used);
  const rule = (definition: Definition, field: string): FieldRule => {
    const text = overlay(definition)[field];
    return text === undefined ? {} : parseFieldRule(text);
  };
  return { definitions, overlay, rule };
}

function checkFields(definition: Definition, ruled: readonly string[]): void {
  const fields = new Set(definition.fields.map((field) => field.name));
  for (const name of ruled) {
    if (!name.startsWith("$self") && name !== "$union" && !fields.has(name)) {
      throw new Error(`overlay: ${definition.name} has no field ${name}`);
    }
  }
}

function checkTypes(used: ReadonlySet<string>): void {
  for (const [group, types] of Object.entries(overlays)) {
    for (const name of Object.keys(types)) {
      if (!used.has(`${group}/${name}`)) throw new Error(`overlay: the group ${group} has no type ${name}`);
    }
  }
}
