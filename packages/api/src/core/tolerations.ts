/** Taints and tolerations. Source: k8s.io/component-helpers/scheduling/corev1. */

import type { Taint, Toleration } from "../generated/types.ts";

/** An empty key with `Exists` tolerates everything, an empty effect every effect. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  const value = taint.value ?? "";
  switch (toleration.operator ?? "") {
    case "":
    case "Equal":
      return toleration.key !== undefined && toleration.key !== "" && (toleration.value ?? "") === value;
    case "Exists":
      return true;
    case "Lt":
      return compare(value, toleration.value) < 0;
    case "Gt":
      return compare(value, toleration.value) > 0;
    default:
      return false;
  }
}

/** The difference of two integers given as text; NaN, which no comparison accepts, when either is not one. */
function compare(taintValue: string, tolerationValue: string | undefined): number {
  const integer = /^-?\d+$/;
  if (!integer.test(taintValue) || !integer.test(tolerationValue ?? "")) return Number.NaN;
  return Number(taintValue) - Number(tolerationValue);
}

/** The first taint with one of the effects that no toleration covers. */
export function untoleratedTaint(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint | undefined {
  return taints?.find(
    (taint) =>
      effects.includes(taint.effect) && !(tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
  );
}
