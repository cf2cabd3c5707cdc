/** One expression of a policy, compiled. Source: apiserver's admission/plugin/cel/compile.go. */

import type { Environment, Program, Type } from "@kubets/cel";
import type { Cel } from "./environment.ts";

export interface Expression {
  readonly source: string;
  readonly program: Program | undefined;
  /** Upstream's complaint, where it cannot be used. */
  readonly error: string | undefined;
}

/** @param returns the types it may be of, as upstream names them; anything when undefined */
export function compileExpression(
  cel: Cel,
  source: string,
  environment: Environment,
  returns?: readonly Type[],
): Expression {
  const { program, message } = cel.compile(source, environment);
  if (program === undefined) {
    const failed = message.startsWith("program instantiation failed") ? message : `compilation failed: ${message}`;
    return { source, program: undefined, error: failed };
  }
  const type = cel.formatType(program.resultType);
  const allowed = returns?.map(cel.formatType);
  if (allowed === undefined || allowed.includes(type)) return { source, program, error: undefined };
  const wanted = allowed.length === 1 ? allowed[0] : `one of [${allowed.join(" ")}]`;
  return { source, program: undefined, error: `must evaluate to ${wanted} but got ${type}` };
}
