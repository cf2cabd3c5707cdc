export { type AdmissionPluginConfigs, parseAdmissionConfiguration } from "./admission/configuration.ts";
export {
  type AdmissionOptions,
  allAdmissionPlugins,
  defaultAdmissionPlugins,
  enabledAdmissionPlugins,
} from "./admission/default-plugins.ts";
export * from "./admission/plugin.ts";
export {
  type AuditFlags,
  type AuditLogOptions,
  type AuditMode,
  type AuditOptions,
  type AuditWebhookOptions,
  auditFlagProblems,
  auditOptions,
} from "./audit/options.ts";
export * from "./authentication/authenticator.ts";
export type { KubeAuthenticationOptions } from "./authentication/kube-identity.ts";
export type { OidcFlags } from "./authentication/oidc/configuration.ts";
export type { RequestHeaderNames } from "./authentication/request-header.ts";
export type { ServiceAccountIssuer } from "./authentication/service-account-issuer.ts";
export { type AuthorizerType, authorizerTypes } from "./authorization/authorization-configuration.ts";
export * from "./authorization/authorizer.ts";
export type { AuthorizationOptions } from "./authorization/build.ts";
export * from "./certificates/cluster-certificates.ts";
export { Pki, type PkiOptions } from "./certificates/pki.ts";
export { connectLater } from "./egress/agents.ts";
export { type Egress, egressFrom } from "./egress/egress.ts";
export { type GateSettings, gateSettings, gateWarnings } from "./feature-gates/feature-gates.ts";
export type { KubeApiServerOptions, OpenedStore } from "./kube-apiserver/options.ts";
export { createKubeApiServer, type KubeApiServer } from "./kube-apiserver.ts";
export type { MetricRules } from "./metrics/rules.ts";
export type { Converter } from "./registry/registry.ts";
export type { Finish, RegistryHooks, WriteRequest } from "./registry/write-request.ts";
export type { Answer, Content, RequestBody, ServerRequest } from "./request/request.ts";
export { header, text, value } from "./request/request.ts";
export type { RequestInfo, RequestVerb } from "./request/request-info.ts";
export type { NonResourceHandler } from "./server/chain.ts";
export type { Call, ResourceCall, ServerContext, SubresourceHandler, VirtualHandler } from "./server/context.ts";
export { ListenError } from "./server/front.ts";
export type { InProcessRequest, InProcessTransport, InProcessWatchEvent } from "./server/in-process.ts";
export type { ApiServerOptions } from "./server/options.ts";
export type { HttpResponse } from "./server/render.ts";
export { ResourceTable, type ServedResource } from "./server/resource-table.ts";
export type { NamedCertificate, TlsFiles } from "./server/serving-tls.ts";
export { gitVersion } from "./server/version.ts";
export { ApiServer } from "./server.ts";
export { readTracingConfiguration, type TracingConfiguration } from "./tracing/configuration.ts";
