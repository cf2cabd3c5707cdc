/** What the estimate and the evaluation both count with. Source: cel-go's common/cost.go, k8s.io/apiserver/pkg/cel/library/cost.go. */

/** Of text that is gone through once. */
export const perCharacter = 0.1;
/** Of a regular expression, for each tenth of a character of its text. */
export const perRegexCharacter = 0.25;

/** To make one. */
export const listCost = 10;
export const mapCost = 30;
export const structCost = 40;

/** One question to the authorizer: two are nearly all that an evaluation may cost. */
export const authorizerCheckCost = 350_000;
