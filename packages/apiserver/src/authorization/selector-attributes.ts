/**
 * Selectors in SubjectAccessReviews: from what a caller asks about to attributes, and from attributes to what a webhook is told.
 * Requirements are all to hold, so one that cannot be read is left out: what is asked is then broader, never narrower.
 * Source: kubernetes' registry/authorization/util and apiserver's authorizer/webhook.
 */

import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  ResourceAttributes,
  SubjectAccessReviewSpec,
} from "@kubets/api";
import {
  type FieldRequirement,
  FieldSelector,
  type LabelOperator,
  type LabelRequirement,
  newRequirement,
  parseFieldSelector,
  parseSelector,
} from "@kubets/apimachinery";
import type { AuthorizationAttributes } from "./authorizer.ts";

export interface SelectorAttributes {
  readonly fieldSelector?: FieldSelector;
  readonly labelSelector?: readonly LabelRequirement[];
}

/** @param ignored told of each selector that is not wholly understood, in the words of `status.evaluationError` */
export function selectorsOf(attributes: ResourceAttributes, ignored: (why: string) => void): SelectorAttributes {
  const fields = fieldsOf(attributes.fieldSelector);
  const labels = labelsOf(attributes.labelSelector);
  const tell = (name: string, found: number) => {
    const how = found > 0 ? "partially ignored" : "ignored";
    ignored(`spec.resourceAttributes.${name} ${how} due to parse error`);
  };
  if (fields.failed) tell("fieldSelector", fields.requirements.length);
  if (labels.failed) tell("labelSelector", labels.requirements.length);
  return {
    ...(fields.requirements.length === 0 ? {} : { fieldSelector: new FieldSelector(fields.requirements) }),
    ...(labels.requirements.length === 0 ? {} : { labelSelector: labels.requirements }),
  };
}

interface Read<T> {
  readonly requirements: readonly T[];
  readonly failed: boolean;
}

function fieldsOf(selector: FieldSelectorAttributes | undefined): Read<FieldRequirement> {
  if (selector?.requirements?.length) {
    const requirements: FieldRequirement[] = [];
    for (const { key, operator, values = [] } of selector.requirements) {
      const [value] = values;
      if (values.length !== 1 || value === undefined) continue;
      if (operator === "In") requirements.push({ field: key, operator: "=", value });
      else if (operator === "NotIn") requirements.push({ field: key, operator: "!=", value });
    }
    return { requirements, failed: requirements.length < selector.requirements.length };
  }
  if (!selector?.rawSelector) return { requirements: [], failed: false };
  try {
    return { requirements: parseFieldSelector(selector.rawSelector).requirements, failed: false };
  } catch {
    return { requirements: [], failed: true }; // It is said in the answer.
  }
}

const operators: Readonly<Record<string, LabelOperator>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
};

function labelsOf(selector: LabelSelectorAttributes | undefined): Read<LabelRequirement> {
  if (selector?.requirements?.length) {
    const requirements = selector.requirements.flatMap(({ key, operator, values = [] }) => {
      const known = Object.hasOwn(operators, operator) ? operators[operator] : undefined;
      try {
        return known === undefined ? [] : [newRequirement(key, known, values)];
      } catch {
        return []; // It is said in the answer.
      }
    });
    return { requirements, failed: requirements.length < selector.requirements.length };
  }
  if (!selector?.rawSelector) return { requirements: [], failed: false };
  try {
    return { requirements: parseSelector(selector.rawSelector).requirements, failed: false };
  } catch {
    return { requirements: [], failed: true }; // It is said in the answer.
  }
}

/** The question that a request's attributes are, as a webhook is asked it. */
export function reviewSpecOf(attributes: AuthorizationAttributes): SubjectAccessReviewSpec {
  const { user, isResourceRequest, verb, path } = attributes;
  const extra = Object.entries(user.extra ?? {}).map(([key, values]) => [key, [...values]]);
  return {
    ...(isResourceRequest
      ? { resourceAttributes: resourceAttributesOf(attributes) }
      : { nonResourceAttributes: { ...some("path", path), ...some("verb", verb) } }),
    ...some("user", user.name),
    ...(user.groups.length === 0 ? {} : { groups: [...user.groups] }),
    ...(extra.length === 0 ? {} : { extra: Object.fromEntries(extra) }),
    ...some("uid", user.uid ?? ""),
  };
}

function resourceAttributesOf(attributes: AuthorizationAttributes): ResourceAttributes {
  const { namespace, verb, apiGroup, apiVersion, resource, subresource, name } = attributes;
  const fields = (attributes.fieldSelector?.requirements ?? []).map(({ field, operator, value }) => ({
    key: field,
    operator: operator === "=" ? "In" : "NotIn",
    values: [value],
  }));
  const labels = (attributes.labelSelector ?? []).flatMap((requirement) => {
    const operator = told[requirement.operator];
    const { key, values } = requirement;
    return operator === undefined ? [] : [{ key, operator, ...(values.length === 0 ? {} : { values: [...values] }) }];
  });
  return {
    ...some("namespace", namespace),
    ...some("verb", verb),
    ...some("group", apiGroup),
    ...some("version", apiVersion),
    ...some("resource", resource),
    ...some("subresource", subresource),
    ...some("name", name),
    ...(fields.length === 0 ? {} : { fieldSelector: { requirements: fields } }),
    ...(labels.length === 0 ? {} : { labelSelector: { requirements: labels } }),
  };
}

/** `gt` and `lt` have no form here and are left out. */
const told: Readonly<Partial<Record<LabelOperator, string>>> = {
  "=": "In",
  "==": "In",
  in: "In",
  "!=": "NotIn",
  notin: "NotIn",
  exists: "Exists",
  "!": "DoesNotExist",
};

function some<K extends string>(key: K, value: string): { [key in K]?: string } {
  return (value === "" ? {} : { [key]: value }) as { [key in K]?: string };
}
