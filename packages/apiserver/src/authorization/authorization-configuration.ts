/** `--authorization-config`: AuthorizationConfiguration. Source: apiserver's pkg/apis/apiserver (types, defaults, validation). */

import { statSync } from "node:fs";
import { isAbsolute } from "node:path";
import {
  duplicate,
  type FieldError,
  type FieldPath,
  formatDuration,
  invalidValue,
  isDNS1123Subdomain,
  messageOf,
  notSupported,
  parseDuration,
  path,
  pushAll,
  required,
} from "@kubets/apimachinery";
import { aggregate, decodeConfig, flag, listOf, object, text } from "../configuration/config-object.ts";
import { compileMatchConditions } from "./match-conditions.ts";

/** What `--authorization-mode` takes. */
export type AuthorizerType = "AlwaysAllow" | "AlwaysDeny" | "ABAC" | "Webhook" | "RBAC" | "Node";

/** What upstream knows of, in its order in messages. */
export const authorizerTypes: readonly AuthorizerType[] = [
  "ABAC",
  "AlwaysAllow",
  "AlwaysDeny",
  "Node",
  "RBAC",
  "Webhook",
];

export interface AuthorizationConfiguration {
  readonly authorizers?: readonly AuthorizerConfiguration[];
}

export interface AuthorizerConfiguration {
  readonly type?: string;
  readonly name?: string;
  readonly webhook?: WebhookConfiguration;
}

/** Durations are Go's: `5m`. */
export interface WebhookConfiguration {
  readonly authorizedTTL?: string;
  readonly cacheAuthorizedRequests?: boolean;
  readonly unauthorizedTTL?: string;
  readonly cacheUnauthorizedRequests?: boolean;
  readonly timeout?: string;
  readonly subjectAccessReviewVersion?: string;
  readonly matchConditionSubjectAccessReviewVersion?: string;
  readonly failurePolicy?: string;
  readonly connectionInfo?: { readonly type?: string; readonly kubeConfigFile?: string };
  readonly matchConditions?: readonly { readonly expression?: string }[];
}

export const defaultAuthorizedTtlMs = 5 * 60_000;
export const defaultUnauthorizedTtlMs = 30_000;

const webhookSchema = object({
  authorizedTTL: text,
  cacheAuthorizedRequests: flag,
  unauthorizedTTL: text,
  cacheUnauthorizedRequests: flag,
  timeout: text,
  subjectAccessReviewVersion: text,
  matchConditionSubjectAccessReviewVersion: text,
  failurePolicy: text,
  connectionInfo: object({ type: text, kubeConfigFile: text }),
  matchConditions: listOf(object({ expression: text })),
});

/** @throws Error for text that is no such configuration, or one that is not valid */
export async function readAuthorizationConfiguration(content: string): Promise<AuthorizationConfiguration> {
  const config = await decodeConfig<AuthorizationConfiguration>(content, {
    group: "apiserver.config.k8s.io",
    kind: "AuthorizationConfiguration",
    versions: ["v1", "v1beta1", "v1alpha1"],
    fields: { authorizers: listOf(object({ type: text, name: text, webhook: webhookSchema })) },
  });
  const errors = await validateAuthorizationConfiguration(config);
  if (errors.length > 0) throw new Error(aggregate(errors));
  return config;
}

async function validateAuthorizationConfiguration(config: AuthorizationConfiguration): Promise<FieldError[]> {
  const { authorizers = [] } = config;
  const errors: FieldError[] = [];
  const root = path("authorizers");
  if (authorizers.length === 0) errors.push(required(root, "at least one authorization mode must be defined"));
  const types = new Set<string>();
  const names = new Set<string>();
  for (const [index, { type = "", name = "", webhook }] of authorizers.entries()) {
    const at = root.index(index);
    const wrongType = typeError(at.child("type"), type, types);
    if (wrongType !== undefined) {
      errors.push(wrongType);
      continue;
    }
    types.add(type);
    pushAll(errors, nameErrors(at.child("name"), name, names));
    names.add(name);
    if (type !== "Webhook") {
      if (webhook !== undefined)
        errors.push(invalidValue(at.child("webhook"), "non-null", "may only be specified when type=Webhook"));
    } else if (webhook === undefined) errors.push(required(at.child("webhook"), "required when type=Webhook"));
    else pushAll(errors, await webhookErrors(at, webhook));
  }
  return errors;
}

function typeError(at: FieldPath, type: string, seen: ReadonlySet<string>): FieldError | undefined {
  if (type === "") return required(at);
  if (!(authorizerTypes as readonly string[]).includes(type)) return notSupported(at, type, authorizerTypes);
  return seen.has(type) && type !== "Webhook" ? duplicate(at, type) : undefined;
}

function nameErrors(at: FieldPath, name: string, seen: ReadonlySet<string>): FieldError[] {
  if (name === "") return [required(at)];
  if (seen.has(name)) return [duplicate(at, name)];
  const problems = isDNS1123Subdomain(name);
  return problems.length === 0 ? [] : [invalidValue(at, name, `authorizer name is invalid: ${problems.join(", ")}`)];
}

async function webhookErrors(at: FieldPath, webhook: WebhookConfiguration): Promise<FieldError[]> {
  const { failurePolicy = "", subjectAccessReviewVersion: version = "", matchConditions = [] } = webhook;
  const errors = [
    ...durationErrors(at.child("timeout"), webhook.timeout, 30_000),
    ...durationErrors(at.child("authorizedTTL"), webhook.authorizedTTL || "5m"),
    ...durationErrors(at.child("unauthorizedTTL"), webhook.unauthorizedTTL || "30s"),
    ...choiceErrors(at.child("subjectAccessReviewVersion"), version, ["v1", "v1beta1"]),
  ];
  const conditionVersion = webhook.matchConditionSubjectAccessReviewVersion ?? "";
  const conditionAt = at.child("matchConditionSubjectAccessReviewVersion");
  if (conditionVersion !== "") pushAll(errors, choiceErrors(conditionAt, conditionVersion, ["v1"]));
  else if (matchConditions.length > 0) errors.push(required(conditionAt, "required if match conditions are specified"));
  pushAll(errors, choiceErrors(at.child("failurePolicy"), failurePolicy, ["NoOpinion", "Deny"]));
  pushAll(errors, connectionErrors(at.child("connectionInfo"), webhook.connectionInfo ?? {}));
  pushAll(errors, (await compileMatchConditions(matchConditions, at)).errors);
  return errors;
}

function durationErrors(at: FieldPath, given: string | undefined, max = Number.POSITIVE_INFINITY): FieldError[] {
  if (!given) return [required(at)];
  try {
    const ms = parseDuration(given);
    if (ms === 0) return [required(at)];
    if (ms > 0 && ms <= max) return [];
    const detail = Number.isFinite(max) ? `must be > 0s and <= ${formatDuration(max)}` : "must be > 0s";
    return [invalidValue(at, formatDuration(ms), detail)];
  } catch (error) {
    return [invalidValue(at, given, messageOf(error))];
  }
}

function choiceErrors(at: FieldPath, given: string, choices: readonly string[]): FieldError[] {
  if (given === "") return [required(at)];
  return choices.includes(given) ? [] : [notSupported(at, given, choices)];
}

function connectionErrors(at: FieldPath, info: NonNullable<WebhookConfiguration["connectionInfo"]>): FieldError[] {
  const { type = "", kubeConfigFile: file } = info;
  const fileAt = at.child("kubeConfigFile");
  switch (type) {
    case "":
      return [required(at.child("type"))];
    case "InClusterConfig":
      return file === undefined ? [] : [invalidValue(fileAt, file, "can only be set when type=KubeConfigFile")];
    case "KubeConfigFile":
      return fileErrors(fileAt, file ?? "");
    default:
      return [notSupported(at.child("type"), type, ["InClusterConfig", "KubeConfigFile"])];
  }
}

function fileErrors(at: FieldPath, file: string): FieldError[] {
  if (file === "") return [required(at)];
  if (!isAbsolute(file)) return [invalidValue(at, file, "must be an absolute path")];
  try {
    return statSync(file).isFile() ? [] : [invalidValue(at, file, "must be a regular file")];
  } catch (error) {
    return [invalidValue(at, file, `error loading file: ${messageOf(error)}`)];
  }
}
