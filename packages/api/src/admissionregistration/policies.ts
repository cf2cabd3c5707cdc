/** Admission policies in CEL, and their bindings. */

import { formatLabelSelector } from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";
import {
  validateMutatingPolicy,
  validateMutatingPolicyBinding,
  validateValidatingPolicy,
  validateValidatingPolicyBinding,
} from "./policy-validation.ts";

const group = "admissionregistration.k8s.io";
const categories = ["api-extensions"];

function setMatchDefaults(match: MatchResources | undefined): void {
  if (match === undefined) return;
  match.matchPolicy ??= "Equivalent";
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) rule.scope ??= "*";
}

function setPolicyDefaults({ spec }: ValidatingAdmissionPolicy | MutatingAdmissionPolicy): void {
  if (spec === undefined) return;
  spec.failurePolicy ??= "Fail";
  setMatchDefaults(spec.matchConstraints);
}

function setBindingDefaults({ spec }: ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding): void {
  if (spec === undefined) return;
  setMatchDefaults(spec.matchResources);
  if (spec.paramRef !== undefined) spec.paramRef.parameterNotFoundAction ??= "Deny";
}

function paramKindText(kind: ParamKind | undefined): string {
  return kind === undefined ? "<unset>" : `${kind.apiVersion ?? ""}/${kind.kind ?? ""}`;
}

function paramRefText(ref: ParamRef | undefined): string {
  if (ref?.name) return `${ref.namespace || "*"}/${ref.name}`;
  return ref?.selector === undefined ? "<unset>" : formatLabelSelector(ref.selector);
}

const integer = { type: "integer" } as const;

export const validatingAdmissionPolicyDefinition = define<ValidatingAdmissionPolicy>(
  group,
  "v1",
  "validatingadmissionpolicies",
  {
    categories,
    strategy: specStrategy<ValidatingAdmissionPolicy>({
      setDefaults: setPolicyDefaults,
      validate: (policy) => validateValidatingPolicy(policy),
      validateUpdate: (policy) => validateValidatingPolicy(policy),
      allowUnconditionalUpdate: false,
    }),
    status: statusStrategy<ValidatingAdmissionPolicy>({ keepsMetadata: true }),
    columns: [
      nameColumn,
      column("Validations", (policy: ValidatingAdmissionPolicy) => policy.spec?.validations?.length ?? 0, integer),
      column("ParamKind", (policy: ValidatingAdmissionPolicy) => paramKindText(policy.spec?.paramKind)),
      ageColumn,
    ],
  },
);

export const mutatingAdmissionPolicyDefinition = define<MutatingAdmissionPolicy>(
  group,
  "v1",
  "mutatingadmissionpolicies",
  {
    categories,
    strategy: specStrategy<MutatingAdmissionPolicy>(
      {
        setDefaults: setPolicyDefaults,
        validate: (policy) => validateMutatingPolicy(policy),
        validateUpdate: (policy) => validateMutatingPolicy(policy),
        allowUnconditionalUpdate: false,
      },
      { status: false },
    ),
    columns: [
      nameColumn,
      column("Mutations", (policy: MutatingAdmissionPolicy) => policy.spec?.mutations?.length ?? 0, integer),
      column("ParamKind", (policy: MutatingAdmissionPolicy) => paramKindText(policy.spec?.paramKind)),
      ageColumn,
    ],
  },
);

type Binding = ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding;

const bindingColumns = [
  nameColumn,
  column("PolicyName", (binding: Binding) => binding.spec?.policyName ?? ""),
  column("ParamRef", (binding: Binding) => paramRefText(binding.spec?.paramRef)),
  ageColumn,
];

export const validatingAdmissionPolicyBindingDefinition = define<ValidatingAdmissionPolicyBinding>(
  group,
  "v1",
  "validatingadmissionpolicybindings",
  {
    categories,
    strategy: specStrategy<ValidatingAdmissionPolicyBinding>(
      {
        setDefaults: setBindingDefaults,
        validate: validateValidatingPolicyBinding,
        validateUpdate: validateValidatingPolicyBinding,
        allowUnconditionalUpdate: false,
      },
      { status: false },
    ),
    columns: bindingColumns,
  },
);

export const mutatingAdmissionPolicyBindingDefinition = define<MutatingAdmissionPolicyBinding>(
  group,
  "v1",
  "mutatingadmissionpolicybindings",
  {
    categories,
    strategy: specStrategy<MutatingAdmissionPolicyBinding>(
      {
        setDefaults: setBindingDefaults,
        validate: validateMutatingPolicyBinding,
        validateUpdate: validateMutatingPolicyBinding,
        allowUnconditionalUpdate: false,
      },
      { status: false },
    ),
    columns: bindingColumns,
  },
);
