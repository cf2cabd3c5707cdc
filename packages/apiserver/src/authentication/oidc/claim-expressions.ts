/** Compiles a JWT authenticator's CEL, and says what is wrong with it. Source: apiserver's authentication/cel and validation. */

import { type FieldError, type FieldPath, invalidValue } from "@kubets/apimachinery";
import type { Environment, Program } from "@kubets/cel";
import type { JwtAuthenticatorConfiguration } from "./configuration.ts";

type Cel = typeof import("@kubets/cel");

export interface Validation {
  readonly program: Program;
  readonly message: string;
}

export interface CompiledExpressions {
  readonly username?: Program;
  readonly groups?: Program;
  readonly uid?: Program;
  readonly extra: readonly { readonly key: string; readonly program: Program }[];
  readonly claimValidations: readonly Validation[];
  readonly userValidations: readonly Validation[];
}

const none: CompiledExpressions = { extra: [], claimValidations: [], userValidations: [] };

/** Loads CEL only when there is an expression. */
export async function compileExpressions(
  config: JwtAuthenticatorConfiguration,
  at: FieldPath,
): Promise<{ compiled: CompiledExpressions; errors: FieldError[] }> {
  if (!JSON.stringify(config).includes('xpression"')) return { compiled: none, errors: [] };
  const compiler = new Compiler(await import("@kubets/cel"));
  const compiled = compileAll(compiler, config, at);
  return { compiled, errors: compiler.errors };
}

class Compiler {
  readonly errors: FieldError[] = [];
  readonly #cel: Cel;
  readonly #claims: Environment;
  readonly #user: Environment;

  constructor(cel: Cel) {
    this.#cel = cel;
    const { stringType: text, dynType, listType, mapType, objectType, Environment } = cel;
    const texts = listType(text);
    const fields = { username: text, uid: text, groups: texts, extra: mapType(text, texts) };
    this.#claims = new Environment({ variables: { claims: mapType(text, dynType) } });
    this.#user = new Environment({ variables: { user: objectType("kubernetes.UserInfo", fields) } });
  }

  mapping(expression: string | undefined, at: FieldPath): Program | undefined {
    return expression ? this.#compile(expression, this.#claims, false, at) : undefined;
  }

  claimValidation(expression: string | undefined, at: FieldPath): Program | undefined {
    return expression ? this.#compile(expression, this.#claims, true, at) : undefined;
  }

  userValidation(expression: string | undefined, at: FieldPath): Program | undefined {
    return expression ? this.#compile(expression, this.#user, true, at) : undefined;
  }

  #compile(expression: string, environment: Environment, isBool: boolean, at: FieldPath): Program | undefined {
    const result = this.#cel.compile(expression, environment);
    const flaw =
      result.program === undefined
        ? `compilation failed: ${result.message}`
        : isBool && result.program.resultType.kind !== "bool"
          ? "must evaluate to bool"
          : undefined;
    if (flaw !== undefined) this.errors.push(invalidValue(at, expression, flaw));
    return flaw === undefined ? result.program : undefined;
  }
}

function compileAll(compiler: Compiler, config: JwtAuthenticatorConfiguration, at: FieldPath): CompiledExpressions {
  const { claimMappings = {}, claimValidationRules = [], userValidationRules = [] } = config;
  const mappings = at.child("claimMappings");
  const claimValidations = claimValidationRules.flatMap(({ expression, message = "" }, index) => {
    const where = at.child("claimValidationRules").index(index).child("expression");
    const program = compiler.claimValidation(expression, where);
    return program === undefined ? [] : [{ program, message }];
  });
  const username = compiler.mapping(claimMappings.username?.expression, mappings.child("username", "expression"));
  const groups = compiler.mapping(claimMappings.groups?.expression, mappings.child("groups", "expression"));
  const uid = compiler.mapping(claimMappings.uid?.expression, mappings.child("uid", "expression"));
  const extra = (claimMappings.extra ?? []).flatMap(({ key = "", valueExpression }, index) => {
    const program = compiler.mapping(valueExpression, mappings.child("extra").index(index).child("valueExpression"));
    return program === undefined ? [] : [{ key, program }];
  });
  const userValidations = userValidationRules.flatMap(({ expression, message = "" }, index) => {
    const where = at.child("userValidationRules").index(index).child("expression");
    const program = compiler.userValidation(expression, where);
    return program === undefined ? [] : [{ program, message }];
  });
  return {
    ...(username === undefined ? {} : { username }),
    ...(groups === undefined ? {} : { groups }),
    ...(uid === undefined ? {} : { uid }),
    extra,
    claimValidations,
    userValidations,
  };
}
