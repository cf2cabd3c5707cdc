/** Lease: who holds what, and until when. Updates must say which revision they replace. */

import { type FieldError, forbiddenField, invalidValue, notSupported, path } from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
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
  if (strategy !== undefined && strategy !== "OldestEmulationVersion" && !strategy.includes("/")) {
    errors.push(notSupported(at.child("strategy"), strategy, ["OldestEmulationVersion"]));
  }
  if (preferredHolder && !strategy) {
    errors.push(forbiddenField(at.child("preferredHolder"), "may only be specified if `strategy` is defined"));
  }
  return errors;
}

export const leaseDefinition = define<Lease>("coordination.k8s.io", "v1", "leases", {
  strategy: { validate, validateUpdate: validate, allowCreateOnUpdate: true, allowUnconditionalUpdate: false },
  columns: [nameColumn, column("Holder", (lease: Lease) => lease.spec?.holderIdentity ?? ""), ageColumn],
});
