import type { Descriptions } from "./description.ts";

const failurePolicy = "What happens when it cannot be told: Fail (default) refuses the request, Ignore goes on.";
const matchPolicy =
  "Exact: as the rules are written. Equivalent (default): also for other versions of the same resource, converted.";
const namespaceSelector =
  "Only for objects in namespaces with these labels; for a namespace itself, its own. Empty: for all.";
const objectSelector =
  "Only for objects with these labels, before the change or after it. Users can set labels: use it for what they may opt out of.";
const matchConditions = "What must be true of the request besides, in CEL. At most 64.";
const reinvocationPolicy =
  "IfNeeded: it is asked once more when others changed the object after it. Never (default): it is not.";
const paramRef = "Which objects are the parameters. Required when the policy has a paramKind.";
const matchResources = "For which requests, within what the policy is for. Absent: for all of these.";
const policyName = "The policy. Without it, the binding does nothing.";
const paramKind = "Of which kind the parameters are. Absent: there are none.";
const variables = "Expressions that others can use as variables.NAME. Each is worked out once, when it is needed.";
const webhook = {
  admissionReviewVersions: "The versions of AdmissionReview that it understands, best first: v1 or v1beta1.",
  clientConfig: "How it is reached.",
  failurePolicy,
  matchConditions,
  matchPolicy,
  name: "Its name, with domain, such as check.example.com.",
  namespaceSelector,
  objectSelector,
  rules: "For which requests. Webhook configurations and admission policies themselves are left out.",
  sideEffects:
    "What it does besides answering: None, or NoneOnDryRun. Others than these cannot be asked about dry runs.",
  timeoutSeconds: "How many seconds it has to answer: 1 to 30. Default 10.",
};
const rule = {
  apiGroups: "The groups; * is all.",
  apiVersions: "The versions; * is all.",
  operations: "CREATE, UPDATE, DELETE, CONNECT, or * for all.",
  resources: "The resources: pods, pods/log, pods/* (with subresources), */scale, * (without) or */* (with).",
  scope: "Cluster: in no namespace. Namespaced: in one. * (default): both.",
};

export const admissionregistrationV1: Descriptions = {
  ApplyConfiguration: {
    about: "A change, as a server-side apply.",
    fields: { expression: "CEL whose value is what to apply, such as Object{spec: Object.spec{replicas: 1}}." },
  },
  AuditAnnotation: {
    about: "Something for the audit log.",
    fields: {
      key: "The key, which gets POLICY/ before it.",
      valueExpression: "CEL whose value is the text; null or an empty one is left out.",
    },
  },
  ExpressionWarning: {
    about: "Something that may be wrong with an expression.",
    fields: {
      fieldRef: "Where it is, such as spec.validations[0].expression.",
      warning: "What, for each type it was checked with.",
    },
  },
  JSONPatch: {
    about: "A change, as a JSON patch.",
    fields: { expression: 'CEL whose value is a list of JSONPatch{op: "add", path: "/...", value: ...}.' },
  },
  MatchCondition: {
    about: "What must be true of a request.",
    fields: {
      expression: "CEL over object, oldObject, request and authorizer.",
      name: "Its name, for logs and metrics.",
    },
  },
  MatchResources: {
    about: "Certain requests: all of these must fit.",
    fields: {
      excludeResourceRules: "Which are left out.",
      matchPolicy,
      namespaceSelector,
      objectSelector,
      resourceRules: "Which resources and operations.",
    },
  },
  MutatingAdmissionPolicy: { about: "Changes objects as they are written, by CEL. It needs a binding." },
  MutatingAdmissionPolicyBinding: { about: "Puts a MutatingAdmissionPolicy to use, with parameters." },
  MutatingAdmissionPolicyBindingSpec: {
    about: "Which policy, for which requests, with which parameters.",
    fields: { matchResources, paramRef, policyName },
  },
  MutatingAdmissionPolicySpec: {
    about: "Which requests, and which changes.",
    fields: {
      failurePolicy,
      matchConditions,
      matchConstraints: "For which requests. Required.",
      mutations: "The changes, one after the other.",
      paramKind,
      reinvocationPolicy,
      variables,
    },
  },
  MutatingWebhook: {
    about: "A server that is asked, and may change objects as they are written.",
    fields: { ...webhook, reinvocationPolicy },
  },
  MutatingWebhookConfiguration: {
    about: "Webhooks that may change objects as they are written.",
    fields: { webhooks: "The webhooks." },
  },
  Mutation: {
    about: "A change.",
    fields: {
      applyConfiguration: "As a server-side apply. Only for that patchType.",
      jsonPatch: "As a JSON patch. Only for that patchType.",
      patchType: "ApplyConfiguration or JSONPatch.",
    },
  },
  NamedRuleWithOperations: {
    about: "Resources, operations and names.",
    fields: { ...rule, resourceNames: "The names of the objects. Absent: all." },
  },
  ParamKind: { about: "A kind of parameters.", fields: { apiVersion: "Its group and version.", kind: "Its kind." } },
  ParamRef: {
    about:
      "Which objects are parameters: by name or by labels, one of the two. Of several, the policy is applied with each.",
    fields: {
      name: "The name.",
      namespace: "The namespace. By default that of the request.",
      parameterNotFoundAction: "When there are none: Allow, or Deny, by the failurePolicy.",
      selector: "The labels.",
    },
  },
  RuleWithOperations: { about: "Resources and operations.", fields: rule },
  ServiceReference: {
    about: "A Service.",
    fields: {
      name: "Its name.",
      namespace: "Its namespace.",
      path: "The path of the URL.",
      port: "Its port. Default 443.",
    },
  },
  TypeChecking: {
    about: "What checking the types of a policy's expressions found.",
    fields: { expressionWarnings: "What may be wrong." },
  },
  ValidatingAdmissionPolicy: { about: "Refuses objects that are not as they should be, by CEL. It needs a binding." },
  ValidatingAdmissionPolicyBinding: { about: "Puts a ValidatingAdmissionPolicy to use, with parameters." },
  ValidatingAdmissionPolicyBindingSpec: {
    about: "Which policy, for which requests, with which parameters, and what follows.",
    fields: {
      matchResources,
      paramRef,
      policyName,
      validationActions:
        "What happens when a validation fails: Deny refuses, Warn warns, Audit tells the audit log. Deny and Warn exclude each other.",
    },
  },
  ValidatingAdmissionPolicySpec: {
    about: "Which requests, and what must be true of them.",
    fields: {
      auditAnnotations: "What the audit log is told.",
      failurePolicy,
      matchConditions,
      matchConstraints: "For which requests. Required.",
      paramKind,
      validations: "What must be true.",
      variables,
    },
  },
  ValidatingAdmissionPolicyStatus: {
    about: "What is known of a policy.",
    fields: {
      observedGeneration: "The generation of the spec that was looked at.",
      typeChecking: "What checking its types found.",
    },
  },
  ValidatingWebhook: { about: "A server that is asked, and may refuse requests.", fields: webhook },
  ValidatingWebhookConfiguration: {
    about: "Webhooks that may refuse requests.",
    fields: { webhooks: "The webhooks." },
  },
  Validation: {
    about: "Something that must be true.",
    fields: {
      expression:
        "CEL over object, oldObject, request, params, namespaceObject, variables and authorizer. True: it is in order.",
      message: "What is said when it is not. Required when the expression has more than one line.",
      messageExpression: "CEL whose value is what is said. It comes before message, when it works.",
      reason: "The reason of the answer: Unauthorized, Forbidden, Invalid (default) or RequestEntityTooLarge.",
    },
  },
  Variable: {
    about: "An expression with a name.",
    fields: { expression: "The CEL.", name: "The name, as variables.NAME." },
  },
  WebhookClientConfig: {
    about: "How a webhook is reached: by url or service, one of the two.",
    fields: {
      caBundle: "Authorities for its certificate, in PEM. By default those of the system.",
      service: "A Service of the cluster.",
      url: "Its URL, https://HOST:PORT/PATH.",
    },
  },
};
