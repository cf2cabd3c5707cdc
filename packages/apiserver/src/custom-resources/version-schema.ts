/** The schema of one version of a CRD, made ready part by part when first needed: a CRD that nobody uses costs nothing. */

import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from "@kubets/api";
import type { JSONSchemaProps } from "@kubets/api/apiextensions";
import type { Schema } from "@kubets/apimachinery";
import type { CelMetrics } from "../metrics/cel-metrics.ts";
import { type RuleFaults, Rules, type RulesOptions } from "./rules.ts";
import { type SchemaNode, schemaNode } from "./schema-node.ts";
import { type Check, compileCheck } from "./value-check.ts";

const text: Schema = { type: "string" };
const objectMeta: Schema = { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" };

export class VersionSchema {
  readonly group: string;
  readonly version: CustomResourceDefinitionVersion;
  readonly schema: JSONSchemaProps;
  readonly preserveUnknownFields: boolean;
  #merged: Schema | undefined;
  #node: SchemaNode | undefined;
  #check: Check | undefined;
  #statusCheck: Check | undefined;
  #rules: Rules | undefined;
  #compiling: Promise<void> | undefined;
  readonly #cel: CelMetrics | undefined;

  /** @param cel measures the rules */
  constructor({ spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion, cel?: CelMetrics) {
    this.#cel = cel;
    this.group = spec!.group;
    this.version = version;
    this.schema = version.schema?.openAPIV3Schema ?? {};
    this.preserveUnknownFields = spec!.preserveUnknownFields === true;
  }

  get apiVersion(): string {
    return `${this.group}/${this.version.name}`;
  }

  /** With what every resource has, for merging and publishing. */
  get merged(): Schema {
    this.#merged ??= {
      ...(this.schema as Schema),
      type: "object",
      properties: {
        ...(this.schema.properties as Schema["properties"]),
        apiVersion: text,
        kind: text,
        metadata: objectMeta,
      },
    };
    return this.#merged;
  }

  get node(): SchemaNode {
    this.#node ??= schemaNode(this.schema);
    return this.#node;
  }

  /** Whether a whole object fits; no may also mean that it is not certain. */
  get check(): Check {
    this.#check ??= compileCheck(this.schema);
    return this.#check;
  }

  get statusSchema(): JSONSchemaProps | undefined {
    const { properties } = this.schema;
    return properties !== undefined && Object.hasOwn(properties, "status") ? properties["status"] : undefined;
  }

  get statusCheck(): Check {
    this.#statusCheck ??= compileCheck(this.statusSchema ?? {});
    return this.#statusCheck;
  }

  get rules(): Rules {
    this.#rules ??= this.#cel?.compiling(() => new Rules(this.node)) ?? new Rules(this.node);
    return this.#rules;
  }

  /** Compiles the rules with others' turns in between, so that no object has to wait for it at once. Undefined when that is done. */
  makeReady(): Promise<void> | undefined {
    if (this.#rules !== undefined) return undefined;
    this.#compiling ??= this.#compileRules();
    return this.#compiling;
  }

  async #compileRules(): Promise<void> {
    const compile = () => Rules.inSlices(this.node);
    try {
      const rules = await (this.#cel?.compilingInSlices(compile) ?? compile());
      this.#rules ??= rules;
    } finally {
      this.#compiling = undefined;
    }
  }

  /** {@link Rules.validate} of the whole object. */
  validateRules(object: unknown, old: unknown, options: RulesOptions): RuleFaults {
    const { rules } = this;
    const validate = () => rules.validate(object, old, undefined, options);
    return this.#cel?.evaluating(validate) ?? validate();
  }
}
