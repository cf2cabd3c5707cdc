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

  matches(object: KubeObject): boolean {
    if (!this.#labels.empty && !this.#labels.matches(object.metadata?.labels)) return false;
    return this.#fields.empty || this.#fields.matches((field) => fieldValue(this.#definition, object, field));
  }

  /** The one value this field must have; undefined when several, or any, will do. */
  requiredField(field: string): string | undefined {
    return this.#fields.requiresExactMatch(field);
  }
}

function fieldValue(definition: ResourceDefinition, object: KubeObject, field: string): string | undefined {
  if (field === "metadata.name") return object.metadata?.name ?? "";
  if (field === "metadata.namespace") return object.metadata?.namespace ?? "";
  return definition.selectableFields[field]?.(object);
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
    if (!known) throw badRequest(`field label not supported: ${field}`);
  }
  return new Selection(definition, labels, fields);
}

function parsing<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw badRequest(messageOf(error));
  }
}
