/** What one policy says of one request, with one parameter. Source: apiserver's admission/plugin/policy/validating/validator.go. */

import type { ValidatingAdmissionPolicy } from "@kubets/api";
import { messageOf } from "@kubets/apimachinery";
import { type Activation, type Evaluated, OutOfBudget } from "./activation.ts";
import type { CompiledPolicy } from "./compile-policy.ts";
import { conditionsMatch } from "./match-conditions.ts";

export interface Decision {
  readonly action: "admit" | "deny";
  readonly message: string;
  /** Upstream's choice where it is "". */
  readonly reason: string;
  /** It could not be decided, and failurePolicy let it pass. */
  readonly error?: true;
}

export interface Annotation {
  readonly key: string;
  readonly value?: string;
  /** Denies the request. */
  readonly error?: string;
}

export interface Verdict {
  /** One for each validation; one in all where nothing could be validated. */
  readonly decisions: readonly Decision[];
  readonly annotations: readonly Annotation[];
}

/** Upstream's RuntimeCELCostBudget. */
const budget = 10_000_000;
const maxMessageBytes = 5 * 1024;
const admitted: Decision = { action: "admit", message: "", reason: "" };

export async function validatePolicy(
  { spec }: ValidatingAdmissionPolicy,
  compiled: CompiledPolicy,
  activation: (withNamespace: boolean) => Activation,
): Promise<Verdict> {
  const failed = (message: string): Decision => ({
    action: spec?.failurePolicy === "Ignore" ? "admit" : "deny",
    message,
    reason: "",
    ...(spec?.failurePolicy === "Ignore" ? { error: true } : {}),
  });
  const match = await conditionsMatch(compiled.matchConditions, () => activation(false), spec?.failurePolicy);
  if (match.error !== undefined) return { decisions: [failed(match.error)], annotations: [] };
  if (!match.matches) return { decisions: [], annotations: [] };
  try {
    const { results, left } = await activation(true).evaluate(compiled.validations, budget);
    const messages = await messagesOf(compiled, activation, left);
    const decisions = results.map((result, i): Decision => {
      if (result.error !== undefined) return failed(result.error);
      if (messages instanceof OutOfBudget) return failed(`failed messageExpression: ${messages.message}`);
      if (result.value === true) return admitted;
      const validation = spec?.validations?.[i];
      const message = messageFor(messages[i], validation?.message, validation?.expression);
      return { action: "deny", message, reason: validation?.reason ?? "Invalid" };
    });
    const annotated = await activation(true).evaluate(compiled.auditAnnotations, budget);
    const annotations = annotated.results.flatMap((result, i) => annotation(spec, i, result));
    return { decisions, annotations };
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
    return { decisions: [failed(messageOf(error))], annotations: [] };
  }
}

async function messagesOf(
  { messages }: CompiledPolicy,
  activation: (withNamespace: boolean) => Activation,
  left: number,
): Promise<readonly Evaluated[] | OutOfBudget> {
  if (messages.every((message) => message === undefined)) return [];
  try {
    return (await activation(true).evaluate(messages, left)).results;
  } catch (error) {
    if (error instanceof OutOfBudget) return error;
    throw error;
  }
}

/** The expression's, where it gives one line that is not too long; else what is written down; else the expression that failed. */
function messageFor(made: Evaluated | undefined, given = "", expression = ""): string {
  const text = typeof made?.value === "string" ? made.value.trim() : "";
  const usable = Buffer.byteLength(text) <= maxMessageBytes && !text.includes("\n");
  return (usable ? text : "") || given.trim() || `failed expression: ${expression.trim()}`;
}

function annotation(spec: ValidatingAdmissionPolicy["spec"], i: number, result: Evaluated): Annotation[] {
  const { key = "", valueExpression = "" } = spec?.auditAnnotations?.[i] ?? {};
  if (result.error !== undefined) return spec?.failurePolicy === "Ignore" ? [] : [{ key, error: result.error }];
  const { value } = result;
  if (typeof value === "string") return value.trim() === "" ? [] : [{ key, value: value.trim() }];
  if (value === null) return [];
  const what = `valueExpression '${valueExpression}' resulted in unsupported return type`;
  return [{ key, error: `${what}. Return type must be either string or null.` }];
}
