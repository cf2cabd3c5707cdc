/** Text to program. */

import { CelError, Suspended } from "./cel-error.ts";
import { type Checked, check, type Problem } from "./check/checker.ts";
import { validate } from "./check/validators.ts";
import type { Environment } from "./environment.ts";
import { estimateCost } from "./estimate/estimate.ts";
import { perCallLimit } from "./limits.ts";
import { parse } from "./parse/parser.ts";
import { Frame } from "./plan/frame.ts";
import { type Planned, planExpression } from "./plan/plan.ts";
import type {
  Bindings,
  CompileResult,
  CostRange,
  EvaluateOptions,
  EvaluationError,
  EvaluationResult,
  Issue,
  Program,
} from "./program.ts";
import type { Type } from "./types.ts";
import { resetWork } from "./work.ts";

/** Never throws for what a user wrote. */
export function compile(source: string, environment: Environment): CompileResult {
  const parsed = parse(source, environment);
  if (!("kind" in parsed)) return failure(source, parsed);
  const checked = check(parsed, environment);
  if (checked.problems.length > 0) return failure(source, checked.problems);
  const refused = validate(checked);
  if (refused.length > 0) return failure(source, refused);
  try {
    return {
      program: new CompiledProgram(
        source,
        checked,
        planExpression(checked, environment),
        environment.variables.get("self"),
      ),
    };
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const message = `program instantiation failed: ${error.message}`;
    return { errors: [{ line: 1, column: 1, message }], message };
  }
}

function failure(source: string, problems: readonly Problem[]): CompileResult {
  const located = problems.map((problem) => locate(source, problem));
  located.sort((a, b) => a.line - b.line || a.column - b.column);
  return { errors: located, message: located.map((issue) => display(source, issue)).join("\n") };
}

function locate(source: string, { at, message }: Problem): Issue {
  if (at < 0) return { line: -1, column: 0, message };
  const before = [...source].slice(0, at);
  const lastBreak = before.lastIndexOf("\n");
  const line = before.filter((character) => character === "\n").length + 1;
  return { line, column: at - lastBreak, message };
}

/** An error as cel-go prints it, with its line and a mark under the place. */
function display(source: string, { line, column, message }: Issue): string {
  const head = `ERROR: <input>:${line}:${column}: ${message}`;
  const text = source.split("\n")[line - 1]?.replaceAll("\t", " ");
  if (text === undefined) return head;
  const characters = [...text];
  const dots = characters.slice(0, column - 1).map((character) => (isWide(character) ? "．" : "."));
  const mark = isWide(characters[column - 1] ?? "") ? "＾" : "^";
  return `${head}\n | ${text}\n | ${dots.join("")}${mark}`;
}

function isWide(character: string): boolean {
  return (character.codePointAt(0) ?? 0) > 0x7f;
}

class CompiledProgram implements Program {
  readonly source: string;
  readonly resultType: Type;
  readonly uses: ReadonlySet<string>;
  readonly #checked: Checked;
  readonly #planned: Planned;
  readonly #self: Type | undefined;
  #estimate: CostRange | undefined;

  constructor(source: string, checked: Checked, planned: Planned, self: Type | undefined) {
    this.source = source;
    this.resultType = checked.typeOf(checked.root);
    this.uses = checked.uses;
    this.#checked = checked;
    this.#planned = planned;
    this.#self = self;
  }

  estimateCost(): CostRange {
    this.#estimate ??= estimateCost(this.#checked, this.#self);
    return this.#estimate;
  }

  evaluate(bindings: Bindings, options: EvaluateOptions = {}): EvaluationResult {
    const result = this.#run(bindings, options);
    if (!(result instanceof Suspended)) return result;
    const error: EvaluationError = { message: "the authorizer's answer has to be waited for", kind: "internal" };
    return { error, cost: 0 };
  }

  evaluateWithin(bindings: Bindings, options: EvaluateOptions = {}): EvaluationResult {
    const result = this.#run(bindings, options);
    if (result instanceof Suspended) throw result;
    return result;
  }

  evaluateMaybeAsync(bindings: Bindings, options: EvaluateOptions = {}): EvaluationResult | Promise<EvaluationResult> {
    const result = this.#run(bindings, options);
    return result instanceof Suspended ? this.#resume(result, bindings, options) : result;
  }

  async #resume(suspended: Suspended, bindings: Bindings, options: EvaluateOptions): Promise<EvaluationResult> {
    for (let waiting = suspended; ; ) {
      await waiting.promise;
      const result = this.#run(bindings, options);
      if (!(result instanceof Suspended)) return result;
      waiting = result;
    }
  }

  #run(bindings: Bindings, { costLimit = perCallLimit }: EvaluateOptions): EvaluationResult | Suspended {
    const { run, variables } = this.#planned;
    const frame = new Frame(variables, bindings, costLimit);
    resetWork();
    try {
      return { value: run(frame), cost: frame.cost };
    } catch (error) {
      if (error instanceof Suspended) return error;
      return { error: describeError(error), cost: frame.cost };
    }
  }
}

/** Anything an engine throws (a text too long for it, a stack too deep) is this expression's error and no one else's. */
function describeError(error: unknown): EvaluationError {
  if (error instanceof CelError) return { message: error.message, kind: error.kind };
  return { message: `internal error: ${error instanceof Error ? error.message : String(error)}`, kind: "internal" };
}
