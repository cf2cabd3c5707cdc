/** The admissionregistration group. */

import type { GroupOverlay } from "./rules.ts";

export const admissionregistrationOverlay: GroupOverlay = {
  MatchResources: { $self: "atomic" },
  MutatingWebhook: { matchConditions: "map=name strategy=merge key=name", sideEffects: "pointer" },
  MutatingWebhookConfiguration: { webhooks: "map=name strategy=merge key=name" },
  NamedRuleWithOperations: { $self: "atomic" },
  ParamKind: { $self: "atomic" },
  ParamRef: { $self: "atomic" },
  ValidatingAdmissionPolicyBindingSpec: { policyName: "pointer", validationActions: "set" },
  ValidatingAdmissionPolicySpec: {
    matchConditions: "map=name strategy=merge key=name",
    variables: "map=name strategy=merge key=name",
  },
  ValidatingAdmissionPolicyStatus: { conditions: "map=type" },
  ValidatingWebhook: { matchConditions: "map=name strategy=merge key=name", sideEffects: "pointer" },
  ValidatingWebhookConfiguration: { webhooks: "map=name strategy=merge key=name" },
  Variable: { $self: "atomic" },
  "v1alpha1.Variable": {},
  MutatingAdmissionPolicySpec: { matchConditions: "map=name strategy=merge key=name" },
};
