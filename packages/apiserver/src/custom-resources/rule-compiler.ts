/** `x-kubernetes-validations` of one place of a schema, compiled. Source: apiextensions-apiserver's schema/cel/compilation.go. */

import type { ValidationRule } from "@kubets/api";
import { type CompiledRule, type JSONSchemaProps, validFieldPath } from "@kubets/api/apiextensions";
import { TimeSlice } from "@kubets/apimachinery";
import {
  type CelSchema,
  compile,
  Environment,
  maxRequestBytes,
  optionalType,
  type Program,
  schemaType,
  type Type,
} from "@kubets/cel";

export interface RuleProgram {
  readonly rule: ValidationRule;
  /** Undefined for an empty rule, and one that does not compile. */
  readonly program?: Program;
  readonly error?: string;
  readonly message?: Program;
  readonly messageError?: string;
  readonly usesOldSelf: boolean;
  /** The field to blame, below the place of the rule. */
  readonly fieldPath: string;
}

export interface RuleSet {
  readonly programs: readonly RuleProgram[];
  readonly type: Type | undefined;
}

/** A schema with rules, and whether its values are whole resources. */
export interface RulePlace {
  readonly schema: JSONSchemaProps;
  readonly isResourceRoot: boolean;
}

/** What {@link compileAhead} made, for as long as it is wanted. */
const ahead = new WeakMap<JSONSchemaProps, RuleSet & Pick<RulePlace, "isResourceRoot">>();

/**
 * Compiles rules, and estimates what they cost, with others' turns in between: from then on those who cannot wait are given what was made.
 * @param places undefined where there is none, for the others' sake
 * @returns forgets it
 */
export async function compileAhead(places: Iterable<RulePlace | undefined>): Promise<() => void> {
  const slice = new TimeSlice();
  const made: JSONSchemaProps[] = [];
  for (const place of places) {
    if (slice.over) await slice.end();
    if (place === undefined) continue;
    const { schema, isResourceRoot } = place;
    const programs: RuleProgram[] = [];
    try {
      const compiling = compilation(schema, isResourceRoot);
      for (const each of compiling.programs) {
        each.program?.estimateCost();
        each.message?.estimateCost();
        programs.push(each);
        if (slice.over) await slice.end();
      }
      ahead.set(schema, { programs, type: compiling.type, isResourceRoot });
      made.push(schema);
    } catch {
      // Of a schema that is none: whoever asks for its rules finds that out again, and has words for it.
    }
  }
  if (slice.over) await slice.end();
  return () => {
    for (const schema of made) ahead.delete(schema);
  };
}

export function compileRuleSet(schema: JSONSchemaProps, isResourceRoot: boolean): RuleSet {
  const known = ahead.get(schema);
  if (known?.isResourceRoot === isResourceRoot) return known;
  const { programs, type } = compilation(schema, isResourceRoot);
  return { programs: [...programs], type };
}

interface Compilation extends Pick<RuleSet, "type"> {
  /** Compiled as they are asked for. */
  readonly programs: Iterable<RuleProgram>;
}

function compilation(schema: JSONSchemaProps, isResourceRoot: boolean): Compilation {
  const rules = schema["x-kubernetes-validations"] ?? [];
  if (rules.length === 0) return { programs: [], type: undefined };
  const type = schemaType(schema as CelSchema, { resourceRoot: isResourceRoot, name: "selfType" });
  if (type === undefined) {
    const error = "failed to convert to declType for CEL validation rules";
    return { programs: rules.map((rule) => ({ rule, error, usesOldSelf: false, fieldPath: "" })), type };
  }
  const plain = new Environment({ variables: { self: type, oldSelf: type } });
  const optional = new Environment({ variables: { self: type, oldSelf: optionalType(type) } });
  return {
    programs: compiled(rules, (rule) => compileRule(rule, schema, rule.optionalOldSelf ? optional : plain)),
    type,
  };
}

function* compiled(
  rules: readonly ValidationRule[],
  compileOne: (rule: ValidationRule) => RuleProgram,
): Generator<RuleProgram> {
  for (const rule of rules) yield compileOne(rule);
}

function compileRule(rule: ValidationRule, schema: JSONSchemaProps, environment: Environment): RuleProgram {
  const none = { rule, usesOldSelf: false, fieldPath: "" };
  if ((rule.rule ?? "").trim() === "") return none;
  const { program, message: fault } = withMessage(compile(rule.rule, environment));
  if (program === undefined) return { ...none, error: prefixed("compilation failed: ", fault) };
  if (program.resultType.kind !== "bool") return { ...none, error: "cel expression must evaluate to a bool" };
  const found = rule.fieldPath ? validFieldPath(rule.fieldPath, schema) : undefined;
  const fieldPath = found === undefined || typeof found === "string" ? "" : found.path.toString();
  return {
    rule,
    program,
    usesOldSelf: program.uses.has("oldSelf"),
    fieldPath,
    ...(rule.messageExpression ? compileMessage(rule.messageExpression, environment) : {}),
  };
}

function compileMessage(expression: string, environment: Environment): Pick<RuleProgram, "message" | "messageError"> {
  const { program, message: fault } = withMessage(compile(expression, environment));
  if (program === undefined) return { messageError: prefixed("messageExpression compilation failed: ", fault) };
  if (program.resultType.kind !== "string") return { messageError: "messageExpression must evaluate to a string" };
  return { message: program };
}

function withMessage(result: ReturnType<typeof compile>): { program?: Program; message: string } {
  return result.program === undefined ? { message: result.message } : { program: result.program, message: "" };
}

/** An instantiation's fault says so itself. */
function prefixed(prefix: string, fault: string): string {
  return fault.startsWith("program instantiation failed") ? fault : prefix + fault;
}

/** What validation of a CRD must know of its rules: faults and costs. */
export function compiledRules(schema: JSONSchemaProps, isResourceRoot: boolean): CompiledRule[] {
  const { programs, type } = compileRuleSet(schema, isResourceRoot);
  const maxCardinality = Math.floor(maxRequestBytes / ((type?.minSerializedSize ?? 1) + 1));
  return programs.map(({ program, error, message, messageError, usesOldSelf }) => ({
    maxCost: program?.estimateCost().max ?? 0,
    maxCardinality,
    usesOldSelf,
    ...(error === undefined ? {} : { error }),
    ...(type === undefined ? { isUntyped: true } : {}),
    ...(messageError === undefined ? {} : { messageError }),
    ...(message === undefined ? {} : { messageMaxCost: message.estimateCost().max }),
  }));
}
