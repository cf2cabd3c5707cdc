/** Which objects a list, watch or deletecollection is about: a label selector and a field selector. */

import type { ResourceDefinition } from "@kubets/api";
import {
  badRequest,
  type FieldSelector,
  type KubeObject,
  messageOf,
  parseFieldSelector,
  parseSelector,
  type Selector,
} from "@kubets/apimachinery";
import type { ServedObject } from "./served-object.ts";

const maxTextLength = 2000;

export class Selection {
  readonly #labels: Selector;
  readonly #fields: FieldSelector;
  readonly #definition: ResourceDefinition;
  /** Every object is selected. */
  readonly empty: boolean;

  constructor(definition: ResourceDefinition, labels: Selector, fields: FieldSelector) {
    this.#definition = definition;
    this.#labels = labels;
    this.#fields = fields;
    this.empty = labels.empty && fields.empty;
  }

  matches(served: ServedObject): boolean {
    if (!this.#labels.empty && !this.#labels.matches(served.labels)) return false;
    return this.#fields.empty || this.#fields.matches((field) => fieldValue(this.#definition, served, field));
  }

  /** The same for selections that select the same; undefined for one that is too long to be worth comparing. */
  get text(): string | undefined {
    const text = this.empty ? "" : JSON.stringify([String(this.#labels), this.#fields.requirements]);
    return text.length > maxTextLength ? undefined : text;
  }

  /** The one value this field must have; undefined when several, or any, will do. */
  requiredField(field: string): string | undefined {
    return this.#fields.requiresExactMatch(field);
  }
}

const commonFields: Readonly<Record<string, (object: KubeObject) => string>> = {
  "metadata.name": ({ metadata }) => metadata?.name ?? "",
  "metadata.namespace": ({ metadata }) => metadata?.namespace ?? "",
};

function fieldValue(definition: ResourceDefinition, served: ServedObject, field: string): string | undefined {
  const read = commonFields[field] ?? definition.selectableFields[field];
  return read === undefined ? undefined : served.field(field, read);
}

/** @throws StatusError 400 for a selector that does not parse or names a field this kind cannot be selected by */
export function parseSelection(
  definition: ResourceDefinition,
  given: { readonly labelSelector: string; readonly fieldSelector: string },
): Selection {
  const labels = parsing(() => parseSelector(given.labelSelector));
  const fields = parsing(() => parseFieldSelector(given.fieldSelector));
  for (const { field } of fields.requirements) {
    const known =
      field === "metadata.name" || field === "metadata.namespace" || Object.hasOwn(definition.selectableFields, field);
    if (!known) throw badRequest(unknownField(definition, field));
  }
  return new Selection(definition, labels, fields);
}

/** Built-in kinds that have no fields of their own have upstream's general answer. */
function unknownField({ selectableFields, schema, group, kind }: ResourceDefinition, field: string): string {
  if (group === "batch" && kind === "Job") return `field label ${JSON.stringify(field)} not supported for batchv1.Job`;
  const isGeneral = schema.$ref !== undefined && Object.keys(selectableFields).every((own) => own in commonFields);
  return isGeneral
    ? `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
    : `field label not supported: ${field}`;
}

function parsing<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw badRequest(messageOf(error));
  }
}
