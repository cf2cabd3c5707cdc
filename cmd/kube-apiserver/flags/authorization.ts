import type { FlagSpecs } from "../../lib/flags.ts";

export const authorization = {
  "authorization-config": {
    type: "string",
    value: "FILE",
    help: "an AuthorizationConfiguration, instead of --authorization-mode and --authorization-webhook-*. Changes are taken while running",
  },
  "authorization-mode": {
    type: "strings",
    help: "who decides, in order: AlwaysAllow, AlwaysDeny, ABAC, Webhook, RBAC, Node. Left out, and without --authorization-config: AlwaysAllow",
  },
  "authorization-policy-file": {
    type: "string",
    value: "FILE",
    help: "the policy of mode ABAC: JSON, a line for each rule",
  },
  "authorization-webhook-cache-authorized-ttl": { type: "duration", help: "how long a yes counts", default: 300_000 },
  "authorization-webhook-cache-unauthorized-ttl": { type: "duration", help: "how long a no counts", default: 30_000 },
  "authorization-webhook-config-file": {
    type: "string",
    value: "FILE",
    help: "for mode Webhook: ask the server in this kubeconfig",
  },
  "authorization-webhook-version": {
    type: "string",
    help: "the version of the SubjectAccessReviews it is sent",
    default: "v1beta1",
  },
} as const satisfies FlagSpecs;
