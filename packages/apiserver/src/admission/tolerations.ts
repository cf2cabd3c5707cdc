/** Lists of tolerations as admission combines them. Source: kubernetes' pkg/util/tolerations. */

import type { Toleration } from "@kubets/api";

/** Both lists as one, without what another toleration in it implies; of equal ones the first stays. */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  for (const [i, candidate] of all.entries()) {
    if (merged.some((chosen) => isSuperset(chosen, candidate))) continue;
    if (all.slice(i + 1).some((later) => !same(later, candidate) && isSuperset(later, candidate))) continue;
    merged.push(candidate);
  }
  return merged;
}

/** Every one of `tolerations` is implied by one of `allowed`. An empty list of what is allowed allows all. */
export function allWithin(tolerations: readonly Toleration[], allowed: readonly Toleration[]): boolean {
  if (allowed.length === 0) return true;
  return tolerations.every((each) => allowed.some((wider) => isSuperset(wider, each)));
}

function isSuperset(wider: Toleration, other: Toleration): boolean {
  if (same(wider, other)) return true;
  // An empty key with Exists means every key.
  const isEveryKey = !wider.key && wider.operator === "Exists";
  if ((wider.key ?? "") !== (other.key ?? "") && !isEveryKey) return false;
  if (wider.effect && wider.effect !== other.effect) return false;
  if (wider.effect === "NoExecute" && wider.tolerationSeconds !== undefined) {
    if (other.tolerationSeconds === undefined || wider.tolerationSeconds < other.tolerationSeconds) return false;
  }
  if (!wider.operator || wider.operator === "Equal")
    return (!other.operator || other.operator === "Equal") && (wider.value ?? "") === (other.value ?? "");
  return wider.operator === "Exists";
}

function same(a: Toleration, b: Toleration): boolean {
  return (
    (a.key ?? "") === (b.key ?? "") &&
    (a.operator ?? "") === (b.operator ?? "") &&
    (a.value ?? "") === (b.value ?? "") &&
    (a.effect ?? "") === (b.effect ?? "") &&
    a.tolerationSeconds === b.tolerationSeconds
  );
}
