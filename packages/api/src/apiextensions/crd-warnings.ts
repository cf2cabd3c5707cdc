/** What upstream warns of when a CRD is written. Source: apiextensions' registry/customresourcedefinition/strategy.go. */

import type { CustomResourceDefinition } from "../generated/types.ts";
import { schemasOf } from "./internal-spec.ts";
import { itemsOf, someSchema } from "./structural-schema.ts";

/** Formats of strings that are checked, as go-openapi normalizes their names: without dashes. */
const stringFormats: ReadonlySet<string> = new Set(
  "bsonobjectid uri email hostname ipv4 ipv6 cidr mac uuid uuid3 uuid4 uuid5 isbn isbn10 isbn13 creditcard ssn hexcolor rgbcolor byte password date duration datetime k8sshortname k8slongname".split(
    " ",
  ),
);

/** Whether a format means something for a type; others are ignored. */
export function isKnownFormat(format: string, type: string): boolean {
  if (type === "" || type === "string") return stringFormats.has(format.replaceAll("-", ""));
  if (type === "integer") return format === "int32" || format === "int64";
  return type === "number" && (format === "float" || format === "double");
}

export function crdWarnings(crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined): string[] {
  const before = new Set(old === undefined ? [] : warningsOf(old));
  return warningsOf(crd).filter((warning) => !before.has(warning));
}

function warningsOf({ spec }: CustomResourceDefinition): string[] {
  const formats: string[] = [];
  const sets = new Set<string>();
  for (const schema of spec === undefined ? [] : schemasOf(spec)) {
    someSchema(schema, (each) => {
      const { format = "", type = "" } = each;
      if (format !== "" && !isKnownFormat(format, type)) {
        formats.push(`unrecognized format ${JSON.stringify(format)}`);
      }
      const itemType = itemsOf(each)?.type ?? "";
      if (each["x-kubernetes-list-type"] === "set" && (itemType === "object" || itemType === "array")) {
        const why = "is not supported by server-side apply or CEL validation rules";
        sets.add(`x-kubernetes-list-type: set for items of type ${JSON.stringify(itemType)} ${why}`);
      }
      return false;
    });
  }
  return [...formats, ...[...sets].sort()];
}
