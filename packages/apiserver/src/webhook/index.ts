export type { Address } from "../services/backends.ts";
export { goErrorText, WebhookCallError } from "./call-error.ts";
export { WebhookClient, type WebhookClientOptions, type WebhookTarget } from "./client.ts";
export { type CallerOptions, type CallOptions, HttpsCaller, type TlsTrust } from "./https-caller.ts";
export { kubeconfigCaller } from "./kubeconfig-caller.ts";
export { checkIdentity } from "./server-identity.ts";
export { EndpointResolver, type ServiceResolver } from "./service-resolver.ts";
export { type WebhookUsers, webhookUsers } from "./webhook-users.ts";
