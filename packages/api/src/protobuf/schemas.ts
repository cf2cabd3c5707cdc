/** The schemas of all that has a protobuf form: kinds' own, and those of an object's metadata alone, which is of no resource. */

import { type Schema, type SchemaSet, schemaRefPrefix } from "@kubets/apimachinery";
import { schemaSet } from "../schema-set.ts";

const metaV1 = "io.k8s.apimachinery.pkg.apis.meta.v1";
const metadataOnly = `${metaV1}.PartialObjectMetadata`;
const metadataSchemas: ReadonlyMap<string, Schema> = new Map([
  [metadataOnly, { type: "object", properties: { metadata: ref("ObjectMeta") } }],
  [
    `${metadataOnly}List`,
    {
      type: "object",
      properties: { metadata: ref("ListMeta"), items: { type: "array", items: ref("PartialObjectMetadata") } },
    },
  ],
]);

function ref(type: string): Schema {
  return { $ref: `${schemaRefPrefix}${metaV1}.${type}` };
}

export const messageSchemas: SchemaSet = {
  get: (name) => schemaSet.get(name) ?? metadataSchemas.get(name),
  names: () => [...schemaSet.names(), ...metadataSchemas.keys()],
};
