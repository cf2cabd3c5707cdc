/** Upstream's limits. Source: k8s.io/apiserver/pkg/apis/cel, k8s.io/apiserver/pkg/cel/limits.go. */

/** The most one evaluation of one expression may cost: about 0.1 s. */
export const perCallLimit = 1_000_000;
/** The most all expressions of a policy's binding, or of a custom resource, may cost together. */
export const runtimeCostBudget = 10_000_000;
/** The most the match conditions of one webhook or policy may cost. */
export const matchConditionsCostBudget = 2_500_000;
/** The longest message an expression may make, in bytes. */
export const maxMessageExpressionBytes = 5 * 1024;
/** What the static estimate takes for the largest request; fixed whatever the server accepts. */
export const maxRequestBytes = 3 * 1024 * 1024;
