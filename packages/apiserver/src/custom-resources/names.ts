/** Which names of a CRD are its own, and what its status says of it. Source: apiextensions-apiserver's controller/status/naming_controller.go. */

import type { CustomResourceDefinition } from "@kubets/api";
import {
  apiApprovalOf,
  type CrdCondition,
  findCrdCondition,
  isProtectedCommunityGroup,
  isValidCABundle,
  setCrdCondition,
  structuralFault,
  validateStructural,
} from "@kubets/api/apiextensions";
import { deepEqual, type FieldError, invalidValue, path, pushAll } from "@kubets/apimachinery";

type Names = NonNullable<NonNullable<CustomResourceDefinition["status"]>["acceptedNames"]>;

/** Puts the status as it should be, in place. `others` are the other CRDs. */
export function settleStatus(
  crd: CustomResourceDefinition,
  others: Iterable<CustomResourceDefinition>,
  nowMs: number,
): void {
  const { spec } = crd;
  if (spec === undefined) return;
  const accepted = crd.status?.acceptedNames;
  if (
    accepted === undefined ||
    !deepEqual(accepted, spec.names) ||
    findCrdCondition(crd, "NamesAccepted") === undefined
  ) {
    const { names, condition } = acceptNames(crd, others);
    crd.status ??= {};
    crd.status.acceptedNames = names;
    setCrdCondition(crd, condition, nowMs);
  }
  setCrdCondition(crd, establishedCondition(crd), nowMs);
  setOrRemove(crd, "NonStructuralSchema", nonStructuralCondition(crd), nowMs);
  const approval = approvalCondition(crd);
  if (approval !== undefined) setCrdCondition(crd, approval, nowMs);
}

function setOrRemove(
  crd: CustomResourceDefinition,
  type: CrdCondition["type"],
  condition: CrdCondition | undefined,
  nowMs: number,
): void {
  if (condition !== undefined) setCrdCondition(crd, condition, nowMs);
  else if (findCrdCondition(crd, type) !== undefined) {
    crd.status!.conditions = crd.status!.conditions!.filter((each) => each.type !== type);
  }
}

interface Accepted {
  readonly names: Names;
  readonly condition: CrdCondition;
}

function acceptNames(crd: CustomResourceDefinition, others: Iterable<CustomResourceDefinition>): Accepted {
  const wanted = crd.spec!.names;
  const had: Partial<Names> = crd.status?.acceptedNames ?? {};
  const names = { ...had } as Names;
  const { resources, kinds } = namesInUse(crd, others);
  let reason = "";
  let message = "";
  const conflict = (why: string, text: string) => {
    reason = why;
    message = text;
  };
  const single = (field: "plural" | "singular" | "kind" | "listKind", used: ReadonlySet<string>, why: string) => {
    const name = wanted[field] ?? "";
    if (name !== (had[field] ?? "") && used.has(name)) conflict(why, inUse(name));
    else names[field] = name;
  };
  single("plural", resources, "PluralConflict");
  single("singular", resources, "SingularConflict");
  if (!deepEqual(wanted.shortNames, had.shortNames)) {
    const taken = (wanted.shortNames ?? []).filter((name) => !had.shortNames?.includes(name) && resources.has(name));
    if (taken.length > 0) {
      const texts = taken.map(inUse);
      conflict("ShortNamesConflict", texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`);
    } else if (wanted.shortNames === undefined) delete names.shortNames;
    else names.shortNames = wanted.shortNames;
  }
  single("kind", kinds, "KindConflict");
  single("listKind", kinds, "ListKindConflict");
  if (wanted.categories === undefined) delete names.categories;
  else names.categories = wanted.categories;
  const type = "NamesAccepted";
  if (reason !== "") return { names, condition: { type, status: "False", reason, message } };
  return { names, condition: { type, status: "True", reason: "NoConflicts", message: "no conflicts found" } };
}

function inUse(name: string): string {
  return `${JSON.stringify(name)} is already in use`;
}

function namesInUse(crd: CustomResourceDefinition, others: Iterable<CustomResourceDefinition>) {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const other of [crd, ...others]) {
    if (other.spec?.group !== crd.spec?.group) continue;
    const { plural, singular, shortNames = [], kind, listKind } = other.status?.acceptedNames ?? {};
    for (const name of [plural, singular, ...shortNames]) if (name) resources.add(name);
    for (const name of [kind, listKind]) if (name) kinds.add(name);
  }
  return { resources, kinds };
}

/** Once established, it stays so. */
function establishedCondition(crd: CustomResourceDefinition): CrdCondition {
  const type = "Established";
  const present = findCrdCondition(crd, type);
  if (present?.status === "True") return present as CrdCondition;
  if (findCrdCondition(crd, "NamesAccepted")?.status !== "True") {
    return { type, status: "False", reason: "NotAccepted", message: "not all names are accepted" };
  }
  if (!isValidCABundle(crd.spec?.conversion?.webhook?.clientConfig?.caBundle)) {
    const message = "The conversion webhook CABundle is invalid";
    return { type, status: "False", reason: "InvalidCABundle", message };
  }
  const message = "the initial names have been accepted";
  return { type, status: "True", reason: "InitialNamesAccepted", message };
}

/** What is stored was checked; to compile all patterns of all CRDs at each start would be dear. */
const anyPattern = () => undefined;

/** For CRDs from before schemas had to be structural. */
function nonStructuralCondition({ spec }: CustomResourceDefinition): CrdCondition | undefined {
  const type = "NonStructuralSchema";
  const errors: FieldError[] = [];
  if (spec!.preserveUnknownFields) errors.push(invalidValue(path("spec.preserveUnknownFields"), true, "must be false"));
  for (const [i, { name, schema }] of spec!.versions.entries()) {
    const root = schema?.openAPIV3Schema;
    if (root === undefined) continue;
    const fault = structuralFault(root);
    if (fault !== undefined) {
      const message = `failed to check validation schema for version ${name}: ${fault}`;
      return { type, status: "Unknown", reason: "StructuralError", message };
    }
    pushAll(
      errors,
      validateStructural(root, path("spec.versions").index(i).child("schema", "openAPIV3Schema"), anyPattern),
    );
  }
  if (errors.length === 0) return undefined;
  const texts = errors.map(({ field, message }) => `${field}: ${message}`);
  const message = texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`;
  return { type, status: "True", reason: "Violations", message };
}

const approvalReasons = {
  Invalid: { status: "False", reason: "InvalidAnnotation" },
  Missing: { status: "False", reason: "MissingAnnotation" },
  Approved: { status: "True", reason: "ApprovedAnnotation" },
  Bypassed: { status: "False", reason: "UnapprovedAnnotation" },
} as const;

function approvalCondition(crd: CustomResourceDefinition): CrdCondition | undefined {
  if (!isProtectedCommunityGroup(crd.spec?.group ?? "")) return undefined;
  const { state, reason: message } = apiApprovalOf(crd);
  return { type: "KubernetesAPIApprovalPolicyConformant", ...approvalReasons[state], message };
}
