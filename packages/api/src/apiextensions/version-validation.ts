/** What each version of a CRD says, or all together: schema, subresources, columns, selectable fields. */

import {
  deepEqual,
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  mostErrors,
  pushAll,
  required,
  tooMany,
} from "@kubets/apimachinery";
import type {
  CustomResourceColumnDefinition,
  CustomResourceSubresources,
  SelectableField,
} from "../generated/types.ts";
import { validFieldPath } from "./field-path.ts";
import type { VersionParts } from "./internal-spec.ts";
import { perSchemaCostLimit, RuleContext } from "./rule-cost.ts";
import { costMessage, type SchemaRules, validateSchema } from "./schema-validation.ts";
import { type JSONSchemaProps, structuralFault, validateStructural } from "./structural-schema.ts";

const maxSelectableFields = 8;

export interface VersionRules extends SchemaRules {
  readonly requireStructural: boolean;
  readonly requirePrunedDefaults: boolean;
  /** What was there before: too many of the same are still accepted. */
  readonly allowTooManyFields: readonly SelectableField[] | undefined;
}

/** @param at of the parts; @param schemaAt of the schema, which upstream has under another name at the top */
export function validateVersionParts(
  { schema, subresources, additionalPrinterColumns = [], selectableFields = [] }: VersionParts,
  statusEnabled: boolean,
  at: FieldPath,
  schemaAt: FieldPath,
  rules: VersionRules,
): FieldError[] {
  const root = schema?.openAPIV3Schema;
  const errors = root === undefined ? [] : validateRootSchema(root, statusEnabled, schemaAt, rules);
  if (subresources !== undefined) pushAll(errors, validateSubresources(subresources, at.child("subresources")));
  for (const [i, column] of additionalPrinterColumns.entries()) {
    pushAll(errors, validateColumn(column, at.child("additionalPrinterColumns").index(i)));
  }
  if (selectableFields.length > 0) {
    pushAll(errors, validateSelectable(selectableFields, root, at.child("selectableFields"), rules));
  }
  return errors;
}

/** What may stand beside `properties` at the root when the status is validated by itself, as Go's struct names it. */
const allowedAtRoot = [
  "Description",
  "Type",
  "Format",
  "Title",
  "Maximum",
  "ExclusiveMaximum",
  "Minimum",
  "ExclusiveMinimum",
  "MaxLength",
  "MinLength",
  "Pattern",
  "MaxItems",
  "MinItems",
  "UniqueItems",
  "MultipleOf",
  "Required",
  "Items",
  "Properties",
  "ExternalDocs",
  "Example",
  "XPreserveUnknownFields",
  "XValidations",
];

function goName(field: string): string {
  if (field.startsWith("x-kubernetes-")) {
    const words = field.slice("x-kubernetes-".length).split("-");
    return `X${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("")}`;
  }
  return field.replace(/^\$/, "").replace(/^./, (letter) => letter.toUpperCase());
}

function validateRootSchema(
  schema: JSONSchemaProps,
  statusEnabled: boolean,
  at: FieldPath,
  rules: VersionRules,
): FieldError[] {
  const schemaAt = at.child("openAPIV3Schema");
  const errors = statusEnabled ? rootFaults(schema, schemaAt) : [];
  if (schema.nullable) errors.push(forbiddenField(schemaAt.child("nullable"), "nullable cannot be true at the root"));
  const fault = rules.requireStructural ? structuralFault(schema) : undefined;
  let context: RuleContext | undefined;
  if (rules.requireStructural && fault === undefined) {
    const faults = validateStructural(schema, schemaAt, rules.checks.patternFault);
    if (faults.length === 0)
      pushAll(faults, rules.checks.validateDefaults(schema, schemaAt, rules.requirePrunedDefaults));
    if (faults.length === 0) context = new RuleContext(schema);
    pushAll(errors, faults);
  }
  // What else there is would not be told.
  if (errors.length >= mostErrors) return errors;
  const found = validateSchema(schema, schemaAt, { root: true, insideMeta: false, context }, rules);
  pushAll(errors, [...found.schema, ...found.rules]);
  if (errors.length === 0 && fault !== undefined) errors.push(invalidValue(schemaAt, "", fault));
  return context === undefined ? errors : [...errors, ...totalFaults(context, schemaAt)];
}

function totalFaults({ total }: RuleContext, at: FieldPath): FieldError[] {
  if (total.total <= perSchemaCostLimit) return [];
  const why = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
  const what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
  return [
    ...total.mostExpensive.map(({ path }) => forbiddenField(path, why)),
    forbiddenField(at, costMessage(what, total.total, perSchemaCostLimit)),
  ];
}

function rootFaults(schema: JSONSchemaProps, at: FieldPath): FieldError[] {
  for (const [field, value] of Object.entries(schema)) {
    if (value === undefined || value === false || value === "") continue;
    if (field === "type") {
      if (value === "object") continue;
      const why = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
      return [invalidValue(at.child("type"), value, why)];
    }
    if (allowedAtRoot.includes(goName(field))) continue;
    const why = `only [${allowedAtRoot.join(" ")}] fields are allowed at the root of the schema if the status subresource is enabled`;
    return [invalidValue(at, schema, why)];
  }
  return [];
}

function validateSubresources({ scale }: CustomResourceSubresources, at: FieldPath): FieldError[] {
  if (scale === undefined) return [];
  const { specReplicasPath = "", statusReplicasPath = "", labelSelectorPath = "" } = scale;
  const one = (value: string, field: string, roots: readonly string[], why: string): FieldError[] => {
    const where = at.child("scale", field);
    const faults = simplePathFaults(value, where);
    if (faults.length > 0 || roots.some((root) => value.startsWith(root))) return faults;
    return [invalidValue(where, value, why)];
  };
  const needed = (value: string, field: string, root: string): FieldError[] =>
    value === ""
      ? [required(at.child("scale", field))]
      : one(value, field, [`${root}.`], `should be a json path under ${root}`);
  return [
    ...needed(specReplicasPath, "specReplicasPath", ".spec"),
    ...needed(statusReplicasPath, "statusReplicasPath", ".status"),
    ...(labelSelectorPath === ""
      ? []
      : one(
          labelSelectorPath,
          "labelSelectorPath",
          [".spec.", ".status."],
          "should be a json path under either .spec or .status",
        )),
  ];
}

function simplePathFaults(text: string, at: FieldPath): FieldError[] {
  return text.startsWith(".") ? [] : [invalidValue(at, text, "must be a simple json path starting with .")];
}

const columnTypes = ["boolean", "date", "integer", "number", "string"];
const columnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

function validateColumn(column: CustomResourceColumnDefinition, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { name, type, format, jsonPath } = column;
  if (!name) errors.push(required(at.child("name")));
  const typeWhy = `must be one of ${columnTypes.join(",")}`;
  if (!type) errors.push(required(at.child("type"), typeWhy));
  else if (!columnTypes.includes(type)) errors.push(invalidValue(at.child("type"), type, typeWhy));
  if (format && !columnFormats.includes(format)) {
    errors.push(invalidValue(at.child("format"), format, `must be one of ${columnFormats.join(",")}`));
  }
  if (!jsonPath) errors.push(required(at.child("JSONPath")));
  else pushAll(errors, simplePathFaults(jsonPath, at.child("JSONPath")));
  return errors;
}

function validateSelectable(
  fields: readonly SelectableField[],
  schema: JSONSchemaProps | undefined,
  at: FieldPath,
  rules: VersionRules,
): FieldError[] {
  if (schema === undefined) return [invalidValue(at, "", "may only be set when validations.schema is included")];
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, { jsonPath = "" }] of fields.entries()) {
    const where = at.index(i).child("jsonPath");
    const found = jsonPath === "" ? undefined : validFieldPath(jsonPath, schema, false);
    if (found === undefined) errors.push(required(where));
    else if (typeof found === "string") errors.push(invalidValue(where, jsonPath, `is an invalid path: ${found}`));
    else {
      if (found.root === "metadata") {
        errors.push(invalidValue(where, jsonPath, "must not point to fields in metadata"));
      }
      if (!["string", "boolean", "integer"].includes(found.schema?.type ?? "")) {
        const why =
          "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
        errors.push(invalidValue(where, jsonPath, why));
      }
      const name = found.path.toString();
      if (seen.has(name)) errors.push(duplicate(where, jsonPath));
      seen.add(name);
    }
  }
  const tolerated =
    (rules.allowTooManyFields?.length ?? 0) > maxSelectableFields && deepEqual(rules.allowTooManyFields, fields);
  if (seen.size > maxSelectableFields && !tolerated) errors.push(tooMany(at, seen.size, maxSelectableFields));
  return errors;
}
