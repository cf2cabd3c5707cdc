/** The apiextensions group. */

import type { GroupOverlay } from "./rules.ts";

export const apiextensionsOverlay: GroupOverlay = {
  CustomResourceDefinitionStatus: { acceptedNames: "zero", conditions: "map=type" },
  CustomResourceSubresources: { status: "type=CustomResourceSubresourceStatus pointer" },
  JSONSchemaProps: {
    additionalItems: "type=JSONSchemaPropsOrBool",
    additionalProperties: "type=JSONSchemaPropsOrBool",
    default: "type=JSON",
    dependencies: "of=JSONSchemaPropsOrStringArray",
    enum: "of=JSON",
    example: "type=JSON",
    items: "type=JSONSchemaPropsOrArray",
    "x-kubernetes-validations": "map=rule strategy=merge key=rule",
  },
};
