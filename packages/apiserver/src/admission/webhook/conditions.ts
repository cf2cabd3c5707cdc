/** matchConditions: what else must be true of a request, in CEL. Source: apiserver's admission/plugin/webhook/matchconditions. */

import type { MatchCondition } from "@kubets/api";
import { forbidden } from "@kubets/apimachinery";
import type { AdmissionAttributes } from "../plugin.ts";
import type { Presented } from "./review.ts";

/** How one condition came out; a text for an error. */
export interface ConditionResult {
  readonly value: boolean | undefined;
  readonly error?: string;
}

/** Compiled once per webhook. */
export interface Conditions {
  /** All of them, in order, within one budget. */
  evaluate(attributes: AdmissionAttributes, presented: Presented): Promise<readonly ConditionResult[]>;
}

export type CompileConditions = (conditions: readonly MatchCondition[]) => Conditions;

/**
 * Any condition that is false means that the webhook is not for this request, whatever became of the others.
 * @throws StatusError 403 when one cannot be evaluated and the webhook fails closed
 */
export async function conditionsHold(
  conditions: Conditions,
  attributes: AdmissionAttributes,
  presented: Presented,
  failurePolicy: string | undefined,
): Promise<boolean> {
  const results = await conditions.evaluate(attributes, presented);
  if (results.some(({ value }) => value === false)) return false;
  const errors = results.flatMap(({ error }) => (error === undefined ? [] : [error]));
  if (errors.length === 0) return true;
  if (failurePolicy === "Ignore") return false;
  const { group, plural } = attributes.definition;
  const distinct = [...new Set(errors)];
  const message = distinct.length === 1 ? distinct[0]! : `[${distinct.join(", ")}]`;
  throw forbidden({ group, resource: plural }, attributes.name, message);
}
