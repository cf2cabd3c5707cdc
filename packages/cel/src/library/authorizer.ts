/** `authorizer.group('').resource('pods').check('get').allowed()`. Source: k8s.io/apiserver/pkg/cel/library/authz.go. */

import { nameIsDNSLabel, nameIsDNSSubdomain } from "@kubets/apimachinery";
import { CelError, Suspended } from "../cel-error.ts";
import { opaqueType } from "../types.ts";
import { Opaque } from "../value.ts";
import { type Overload, overload } from "./overload.ts";

const n = "kubernetes.authorization";
export const authorizerType = opaqueType(`${n}.Authorizer`);
export const resourceCheckType = opaqueType(`${n}.ResourceCheck`);
const pathCheckType = opaqueType(`${n}.PathCheck`);
const groupCheckType = opaqueType(`${n}.GroupCheck`);
const decisionType = opaqueType(`${n}.Decision`);

/** What is asked of the authorizer. */
export interface AuthorizationCheck {
  /** Whom it is about, where it is not who makes the request. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly verb: string;
  /** Of a request that is for no resource. */
  readonly path?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface AuthorizationDecision {
  readonly allowed: boolean;
  readonly reason: string;
  /** Why no decision could be made. */
  readonly error?: string;
}

export type AuthorizeCheck = (check: AuthorizationCheck) => AuthorizationDecision | Promise<AuthorizationDecision>;

/**
 * The variable `authorizer`. One is made for each request: what was asked once is not asked again, and an expression that had to wait
 * for an answer is evaluated again from its start. (Two checks are all that an expression's cost allows.)
 */
export class AuthorizerValue extends Opaque {
  readonly type = authorizerType;
  readonly serviceAccount: AuthorizationCheck["serviceAccount"];
  readonly #authorize: AuthorizeCheck;
  readonly #answers: Map<string, AuthorizationDecision>;

  constructor(
    authorize: AuthorizeCheck,
    answers: Map<string, AuthorizationDecision> = new Map(),
    serviceAccount?: AuthorizationCheck["serviceAccount"],
  ) {
    super();
    this.#authorize = authorize;
    this.#answers = answers;
    this.serviceAccount = serviceAccount;
  }

  forServiceAccount(namespace: string, name: string): AuthorizerValue {
    return new AuthorizerValue(this.#authorize, this.#answers, { namespace, name });
  }

  /** The variable `authorizer.requestResource`. */
  resourceCheck(group: string, resource: string, rest: Partial<AuthorizationCheck> = {}): ResourceCheckValue {
    return new ResourceCheckValue(this, { group, resource, ...rest });
  }

  /** @throws Suspended when the answer has to be waited for */
  check(asked: AuthorizationCheck): DecisionValue {
    const about = this.serviceAccount === undefined ? asked : { ...asked, serviceAccount: this.serviceAccount };
    const key = JSON.stringify(about);
    const known = this.#answers.get(key);
    if (known !== undefined) return new DecisionValue(known);
    const answer = this.#authorize(about);
    if (!(answer instanceof Promise)) {
      this.#answers.set(key, answer);
      return new DecisionValue(answer);
    }
    throw new Suspended(
      answer.then(
        (decision) => this.#answers.set(key, decision),
        (error: unknown) => this.#answers.set(key, { allowed: false, reason: "", error: String(error) }),
      ),
    );
  }
}

class PathCheckValue extends Opaque {
  readonly type = pathCheckType;
  readonly authorizer: AuthorizerValue;
  readonly path: string;

  constructor(authorizer: AuthorizerValue, path: string) {
    super();
    this.authorizer = authorizer;
    this.path = path;
  }
}

class GroupCheckValue extends Opaque {
  readonly type = groupCheckType;
  readonly authorizer: AuthorizerValue;
  readonly group: string;

  constructor(authorizer: AuthorizerValue, group: string) {
    super();
    this.authorizer = authorizer;
    this.group = group;
  }
}

class ResourceCheckValue extends Opaque {
  readonly type = resourceCheckType;
  readonly authorizer: AuthorizerValue;
  readonly asked: Omit<AuthorizationCheck, "verb">;

  constructor(authorizer: AuthorizerValue, asked: Omit<AuthorizationCheck, "verb">) {
    super();
    this.authorizer = authorizer;
    this.asked = asked;
  }

  with(more: Partial<AuthorizationCheck>): ResourceCheckValue {
    return new ResourceCheckValue(this.authorizer, { ...this.asked, ...more });
  }
}

class DecisionValue extends Opaque {
  readonly type = decisionType;
  readonly decision: AuthorizationDecision;

  constructor(decision: AuthorizationDecision) {
    super();
    this.decision = decision;
  }
}

function path(authorizer: AuthorizerValue, text: string): PathCheckValue {
  if (text.trim() === "") throw new CelError("path must not be empty");
  return new PathCheckValue(authorizer, text);
}

function serviceAccount(authorizer: AuthorizerValue, namespace: string, name: string): AuthorizerValue {
  if (nameIsDNSSubdomain(name, false).length > 0) throw new CelError("Invalid service account name");
  if (nameIsDNSLabel(namespace, false).length > 0) throw new CelError("Invalid service account namespace");
  return authorizer.forServiceAccount(namespace, name);
}

function resource({ authorizer, group }: GroupCheckValue, name: string): ResourceCheckValue {
  if (name.trim() === "") throw new CelError("resource must not be empty");
  return authorizer.resourceCheck(group, name);
}

function refinement(name: keyof AuthorizationCheck, id: string): Overload {
  return overload(
    name,
    id,
    `${n}.ResourceCheck.(string): ${n}.ResourceCheck`,
    (check: ResourceCheckValue, text: string) => check.with({ [name]: text }),
  );
}

export const authorizerFunctions: readonly Overload[] = [
  overload("path", "authorizer_path", `${n}.Authorizer.(string): ${n}.PathCheck`, path),
  overload(
    "group",
    "authorizer_group",
    `${n}.Authorizer.(string): ${n}.GroupCheck`,
    (a: AuthorizerValue, g: string) => new GroupCheckValue(a, g),
  ),
  overload(
    "serviceAccount",
    "authorizer_serviceaccount",
    `${n}.Authorizer.(string, string): ${n}.Authorizer`,
    serviceAccount,
  ),
  overload("resource", "groupcheck_resource", `${n}.GroupCheck.(string): ${n}.ResourceCheck`, resource),
  refinement("subresource", "resourcecheck_subresource"),
  refinement("namespace", "resourcecheck_namespace"),
  refinement("name", "resourcecheck_name"),
  refinement("fieldSelector", "authorizer_fieldselector"),
  refinement("labelSelector", "authorizer_labelselector"),
  overload("check", "pathcheck_check", `${n}.PathCheck.(string): ${n}.Decision`, (p: PathCheckValue, verb: string) =>
    p.authorizer.check({ path: p.path, verb }),
  ),
  overload(
    "check",
    "resourcecheck_check",
    `${n}.ResourceCheck.(string): ${n}.Decision`,
    (r: ResourceCheckValue, verb: string) => r.authorizer.check({ ...r.asked, verb }),
  ),
  overload(
    "errored",
    "decision_errored",
    `${n}.Decision.(): bool`,
    ({ decision }: DecisionValue) => decision.error !== undefined,
  ),
  overload(
    "error",
    "decision_error",
    `${n}.Decision.(): string`,
    ({ decision }: DecisionValue) => decision.error ?? "",
  ),
  overload("allowed", "decision_allowed", `${n}.Decision.(): bool`, ({ decision }: DecisionValue) => decision.allowed),
  overload("reason", "decision_reason", `${n}.Decision.(): string`, ({ decision }: DecisionValue) => decision.reason),
];
