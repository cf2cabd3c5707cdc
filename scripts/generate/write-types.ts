/** TypeScript interfaces from definitions. */

import type { FieldRule } from "@kubets/api/overlay";
import { type Definition, isUnstable } from "./definitions.ts";
import type { ClientField, ClientType } from "./models.ts";

/** Written by hand in apimachinery; the generated ones refer to them. */
const handWritten: readonly string[] = [
  "ListMeta",
  "ManagedFieldsEntry",
  "ObjectMeta",
  "OwnerReference",
  "Status",
  "StatusCause",
  "StatusDetails",
];

export interface TypeContext {
  readonly definitions: ReadonlyMap<string, Definition>;
  rule(definition: Definition, field: string): FieldRule;
}

/** The whole text of types.ts. */
export function writeTypes(context: TypeContext): string {
  const used = new Set<string>();
  const blocks = writeBlocks(context, used, (definition) => !isUnstable(definition));
  const imports = handWritten.filter((name) => used.has(name)).join(", ");
  return `// Written by \`npm run generate\`. Do not edit.

import type { ${imports} } from "@kubets/apimachinery";

/** A whole number, or text such as a port's name or a percentage. */
export type IntOrString = number | string;

/** A number with a unit: \`100m\`, \`1Gi\`. */
export type Quantity = string;

${blocks.join("\n\n")}
`;
}

/** The whole text of unstable-types.ts: alpha and beta versions. */
export function writeUnstableTypes(context: TypeContext): string {
  const used = new Set<string>();
  const blocks = writeBlocks(context, used, isUnstable);
  const names = [...used, "Quantity"].sort();
  const imports = names.filter((name) => handWritten.includes(name)).join(", ");
  const stable = names.filter((name) => !handWritten.includes(name)).join(", ");
  return `// Written by \`npm run generate\`. Do not edit.

import type { ${imports} } from "@kubets/apimachinery";
import type { ${stable} } from "./types.ts";

${blocks.join("\n\n")}
`;
}

function writeBlocks(context: TypeContext, used: Set<string>, chosen: (definition: Definition) => boolean): string[] {
  const blocks: string[] = [];
  let group = "";
  const sorted = [...context.definitions.values()]
    .filter(chosen)
    .sort((a, b) => a.name.localeCompare(b.name, "en") || a.className.localeCompare(b.className, "en"));
  for (const definition of sorted) {
    if (handWritten.includes(definition.base) && definition.group.short === "meta") continue;
    const title = `${definition.group.group || definition.group.short}/${definition.version}`;
    if (title !== group) blocks.push(`// ${title}`);
    group = title;
    blocks.push(writeInterface(definition, context, used));
  }
  return blocks;
}

function writeInterface(definition: Definition, context: TypeContext, used: Set<string>): string {
  const lines = definition.fields.map((field) => {
    const text = fieldType(definition, field, context, used);
    return `  ${propertyName(field.name)}${optional(definition, field) ? "?" : ""}: ${text};`;
  });
  return `export interface ${definition.typeName} {\n${lines.join("\n")}\n}`;
}

/** Lists always have items; everything else is optional, as upstream accepts objects in any state and writes them so. */
function optional(definition: Definition, field: ClientField): boolean {
  if (isKind(definition)) return !(definition.base.endsWith("List") && field.name === "items");
  return !field.required;
}

const metaKinds = [
  "APIGroup",
  "APIGroupList",
  "APIResourceList",
  "APIVersions",
  "DeleteOptions",
  "Status",
  "WatchEvent",
];

/** True for what has apiVersion and kind of its own. */
export function isKind(definition: Definition): boolean {
  if (definition.group.short === "meta") return metaKinds.includes(definition.base);
  const names = new Set(definition.fields.map((field) => field.name));
  return names.has("apiVersion") && names.has("kind") && names.has("metadata");
}

function fieldType(definition: Definition, field: ClientField, context: TypeContext, used: Set<string>): string {
  const rule = context.rule(definition, field.name);
  if (rule.type !== undefined) return overlayType(rule.type);
  return typeText(field.type, rule.of, context, used);
}

function typeText(type: ClientType, of: string | undefined, context: TypeContext, used: Set<string>): string {
  switch (type.kind) {
    case "list": {
      const item = of === undefined ? typeText(type.of, undefined, context, used) : overlayType(of);
      return /^\w+$/.test(item) ? `${item}[]` : `(${item})[]`;
    }
    case "map":
      return `Record<string, ${of === undefined ? typeText(type.of, undefined, context, used) : overlayType(of)}>`;
    case "model": {
      const target = context.definitions.get(type.className);
      if (target === undefined) throw new Error(`${type.className} has no group`);
      if (handWritten.includes(target.base) || !isUnstable(target)) used.add(target.typeName);
      return target.typeName;
    }
    case "scalar":
      return scalarText(type.name);
  }
}

function scalarText(name: string): string {
  if (name === "Date" || name === "MicroTime") return "string";
  return name === "any" ? "unknown" : name;
}

function overlayType(name: string): string {
  switch (name) {
    case "Quantity":
      return "Quantity";
    case "JSONSchemaPropsOrArray":
      return "JSONSchemaProps | JSONSchemaProps[]";
    case "JSONSchemaPropsOrBool":
      return "JSONSchemaProps | boolean";
    case "JSONSchemaPropsOrStringArray":
      return "JSONSchemaProps | string[]";
    case "FieldsV1":
    case "StorageVersionSpec":
    case "BasicSchedulingPolicy":
    case "CustomResourceSubresourceStatus":
      return "object";
    default:
      return "unknown";
  }
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}
