import { admissionregistrationV1 } from "./admissionregistration-v1.ts";
import type { Descriptions } from "./description.ts";

const { ServiceReference, WebhookClientConfig } = admissionregistrationV1 as Required<
  Pick<typeof admissionregistrationV1, "ServiceReference" | "WebhookClientConfig">
>;
const keyword = "As in JSON schema.";
const notAllowed = "Not allowed in structural schemas.";

export const apiextensionsV1: Descriptions = {
  CustomResourceColumnDefinition: {
    about: "A column that is printed of custom objects.",
    fields: {
      description: "What it shows, for people.",
      format: "The format of its values, as in OpenAPI. name marks the first column.",
      jsonPath: "Where its value is in the object.",
      name: "Its heading.",
      priority: "0: always shown. More: only with -o wide.",
      type: "The type of its values: string, integer, number, boolean or date.",
    },
  },
  CustomResourceConversion: {
    about: "How custom objects are turned from one version into another.",
    fields: {
      strategy: "None (default): only apiVersion is changed. Webhook: a server does it.",
      webhook: "The server. Only for Webhook.",
    },
  },
  CustomResourceDefinition: { about: "A new kind of object that the API server serves. Its name is PLURAL.GROUP." },
  CustomResourceDefinitionCondition: {
    about:
      "One thing that is, or is not, so of a definition: such as NamesAccepted, Established, NonStructuralSchema or Terminating.",
  },
  CustomResourceDefinitionNames: {
    about: "What a new kind is called.",
    fields: {
      categories: "Names for several resources together, such as all.",
      kind: "The kind, in CamelCase.",
      listKind: "The kind of lists. By default KINDList.",
      plural: "Its name in paths: the plural, in small letters.",
      shortNames: "Short names for command lines.",
      singular: "The singular, in small letters. By default the kind.",
    },
  },
  CustomResourceDefinitionSpec: {
    about: "What a new kind is.",
    fields: {
      conversion: "How objects are turned from one version into another.",
      group: "Its group.",
      names: "What it is called.",
      preserveUnknownFields: "Must be false: use x-kubernetes-preserve-unknown-fields in the schema.",
      scope: "Namespaced or Cluster. Cannot be changed.",
      versions: "Its versions.",
    },
  },
  CustomResourceDefinitionStatus: {
    about: "How a definition is.",
    fields: {
      acceptedNames: "The names that are in use. They may differ from those wanted, when those are taken.",
      observedGeneration: "The generation of the spec that was looked at.",
      storedVersions: "Versions in which objects may be stored. One that is here cannot be taken out of the spec.",
    },
  },
  CustomResourceDefinitionVersion: {
    about: "A version of a new kind.",
    fields: {
      additionalPrinterColumns: "The columns that are printed. By default the age.",
      deprecated: "Whether it is deprecated: clients are warned. Default false.",
      deprecationWarning: "What they are told. By default that it is deprecated.",
      name: "Its name, such as v1beta1.",
      schema: "What its objects are.",
      selectableFields: "Fields by which objects can be selected. At most 8.",
      served: "Whether it is served.",
      storage: "Whether objects are stored in it: exactly one is.",
      subresources: "Its subresources.",
    },
  },
  CustomResourceSubresourceScale: {
    about: "Where the figures of the scale subresource are.",
    fields: {
      labelSelectorPath: "Where the selector of the pods is, as text; below .status or .spec.",
      specReplicasPath: "Where the wanted number is; below .spec.",
      statusReplicasPath: "Where the present number is; below .status.",
    },
  },
  CustomResourceSubresourceStatus: {
    about: "That there is a status subresource: status is written through it, and everything else without it.",
  },
  CustomResourceSubresources: {
    about: "Subresources of a new kind.",
    fields: { scale: "It can be scaled.", status: "Its status is written by itself." },
  },
  CustomResourceValidation: {
    about: "What custom objects are.",
    fields: { openAPIV3Schema: "The schema. It must be structural." },
  },
  ExternalDocumentation: {
    about: "Where more can be read.",
    fields: { description: "What is there.", url: "The URL." },
  },
  JSON: { about: "Any JSON value." },
  JSONSchemaProps: {
    about: "A schema, as in OpenAPI v3: what a value must be.",
    fields: {
      $ref: notAllowed,
      $schema: notAllowed,
      additionalItems: notAllowed,
      additionalProperties: "The schema of all properties: the value is a map. Not together with properties.",
      allOf: keyword,
      anyOf: keyword,
      default: "The value of this field when it is absent.",
      definitions: notAllowed,
      dependencies: notAllowed,
      description: "What it is for, as kubectl explain shows it.",
      enum: "The values there are.",
      example: "An example, for people.",
      exclusiveMaximum: keyword,
      exclusiveMinimum: keyword,
      externalDocs: "Where more can be read.",
      format: "The format of texts, such as date-time, uuid, ipv4 or byte. Those not known are ignored.",
      id: notAllowed,
      items: "The schema of the items.",
      maxItems: keyword,
      maxLength: keyword,
      maxProperties: keyword,
      maximum: keyword,
      minItems: keyword,
      minLength: keyword,
      minProperties: keyword,
      minimum: keyword,
      multipleOf: keyword,
      not: keyword,
      nullable: "Whether null is allowed. Otherwise it is dropped, or replaced by the default.",
      oneOf: keyword,
      pattern: "A regular expression of RE2 that texts must match somewhere.",
      patternProperties: notAllowed,
      properties: "The schemas of the properties. Others are dropped when objects are written.",
      required: keyword,
      title: "A title, for people.",
      type: "The type: object, array, string, integer, number or boolean.",
      uniqueItems: "Not allowed: use x-kubernetes-list-type set.",
      "x-kubernetes-embedded-resource":
        "Whether the value is a whole object: apiVersion, kind and metadata are then checked.",
      "x-kubernetes-int-or-string": "Whether the value is a number or a text.",
      "x-kubernetes-list-map-keys": "The fields that tell items of a list of type map apart.",
      "x-kubernetes-list-type":
        "How lists are merged when they are applied: atomic (default) as a whole, set by value, map by keys.",
      "x-kubernetes-map-type":
        "How maps are merged when they are applied: granular (default) by key, atomic as a whole.",
      "x-kubernetes-preserve-unknown-fields": "Whether properties are kept that no schema names.",
      "x-kubernetes-validations": "What must be true of the value, in CEL.",
    },
  },
  JSONSchemaPropsOrArray: { about: "A schema, or several." },
  JSONSchemaPropsOrBool: { about: "A schema, or true or false." },
  JSONSchemaPropsOrStringArray: { about: "A schema, or names." },
  SelectableField: {
    about: "A field by which objects can be selected.",
    fields: { jsonPath: "Where it is, such as .spec.color. A text, number or boolean; no lists on the way." },
  },
  ServiceReference,
  ValidationRule: {
    about: "Something that must be true.",
    fields: {
      fieldPath: "The field that is named in the error, such as .spec.color. By default where the rule stands.",
      message: "What is said when it is not. Required when the rule has more than one line.",
      messageExpression: "CEL whose value is what is said. It comes before message, when it works.",
      optionalOldSelf: "Whether a rule with oldSelf is for new objects too: oldSelf is then an optional.",
      reason:
        "The reason of the error: FieldValueInvalid (default), FieldValueForbidden, FieldValueRequired or FieldValueDuplicate.",
      rule: "CEL over self, the value here. With oldSelf, the value before, it is for updates only.",
    },
  },
  WebhookClientConfig,
  WebhookConversion: {
    about: "A server that turns objects from one version into another.",
    fields: {
      clientConfig: "How it is reached.",
      conversionReviewVersions: "The versions of ConversionReview that it understands, best first: v1 or v1beta1.",
    },
  },
};
