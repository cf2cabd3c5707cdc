/** Quotas: what counts, and how it is reckoned. Shared by admission and the controller. */

export * from "./amounts.ts";
export { inScopes, type QuotaEvaluator, type QuotaRequest, quotaMatches, type Scope } from "./evaluator.ts";
export { quotaEvaluatorFor, quotaEvaluatorOf } from "./registry.ts";
export { scopesOf } from "./scopes.ts";
