/** Lease: who holds what, and until when. Updates must say which revision they replace. */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  path,
  pushAll,
} from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { qualifiedName } from "../core/pod-field-checks.ts";
import { define } from "../define.ts";
import type { Lease } from "../generated/types.ts";

const at = path("spec");

function validate(lease: Lease): FieldError[] {
  const { leaseDurationSeconds, leaseTransitions, strategy, preferredHolder } = lease.spec ?? {};
  const errors: FieldError[] = [];
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0) {
    errors.push(invalidValue(at.child("leaseDurationSeconds"), leaseDurationSeconds, "must be greater than 0"));
  }
  if (leaseTransitions !== undefined && leaseTransitions < 0) {
    errors.push(invalidValue(at.child("leaseTransitions"), leaseTransitions, "must be greater than or equal to 0"));
  }
  if (strategy !== undefined) pushAll(errors, validateStrategy(strategy, at.child("strategy")));
  if (preferredHolder && !strategy) {
    errors.push(forbiddenField(at.child("preferredHolder"), "may only be specified if `strategy` is defined"));
  }
  return errors;
}

const strategies = ["OldestEmulationVersion"];

/** One of Kubernetes' own, or another's with a domain before it. */
export function validateStrategy(strategy: string, where: FieldPath): FieldError[] {
  if (strategy.includes("/")) return qualifiedName(where, strategy);
  return strategies.includes(strategy) ? [] : [notSupported(where, strategy, strategies)];
}

export const leaseDefinition = define<Lease>("coordination.k8s.io", "v1", "leases", {
  strategy: { validate, validateUpdate: validate, allowCreateOnUpdate: true, allowUnconditionalUpdate: false },
  columns: [nameColumn, column("Holder", (lease: Lease) => lease.spec?.holderIdentity ?? ""), ageColumn],
});
