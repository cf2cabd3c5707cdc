/** `spec.conversion` of a CRD. Paths are those of upstream's internal version: `spec.conversion.webhookClientConfig`. */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isDNS1035Label,
  isValidPortNum,
  notSupported,
  required,
} from "@kubets/apimachinery";
import type { ApiextensionsWebhookClientConfig, CustomResourceConversion } from "../generated/types.ts";

export interface ConversionRules {
  readonly requireRecognizedVersion: boolean;
  readonly allowInvalidCABundle: boolean;
}

export function validateConversion(
  conversion: CustomResourceConversion,
  at: FieldPath,
  rules: ConversionRules,
): FieldError[] {
  const { strategy, webhook } = conversion;
  const errors: FieldError[] = [];
  if (!strategy) errors.push(required(at.child("strategy")));
  else if (strategy !== "None" && strategy !== "Webhook") {
    errors.push(notSupported(at.child("strategy"), strategy, ["None", "Webhook"]));
  }
  const configAt = at.child("webhookClientConfig");
  const versions = webhook?.conversionReviewVersions ?? [];
  if (strategy !== "Webhook") {
    const why = "should not be set when strategy is not set to Webhook";
    if (webhook?.clientConfig !== undefined) errors.push(forbiddenField(configAt, why));
    if (versions.length > 0) errors.push(forbiddenField(at.child("conversionReviewVersions"), why));
    return errors;
  }
  if (webhook?.clientConfig === undefined) {
    errors.push(required(configAt, "required when strategy is set to Webhook"));
  } else errors.push(...clientConfig(webhook.clientConfig, configAt, rules.allowInvalidCABundle));
  return [...errors, ...reviewVersions(versions, at.child("conversionReviewVersions"), rules)];
}

function reviewVersions(versions: readonly string[], at: FieldPath, rules: ConversionRules): FieldError[] {
  if (versions.length === 0) return [required(at)];
  const errors = versions.flatMap((version, i) => {
    if (versions.indexOf(version) < i) return [invalidValue(at.index(i), version, "duplicate version")];
    return isDNS1035Label(version).map((why) => invalidValue(at.index(i), version, why));
  });
  if (rules.requireRecognizedVersion && !recognizesReview(versions)) {
    errors.push(invalidValue(at, versions, "must include at least one of v1, v1beta1"));
  }
  return errors;
}

/** ConversionReview versions that this server speaks. */
export function recognizesReview(versions: readonly string[]): boolean {
  return versions.some((version) => version === "v1" || version === "v1beta1");
}

function clientConfig(
  { url, service, caBundle }: ApiextensionsWebhookClientConfig,
  at: FieldPath,
  anyBundle: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  if ((url === undefined) === (service === undefined)) {
    errors.push(required(at, "exactly one of url or service is required"));
  } else if (url !== undefined) errors.push(...urlFaults(url, at.child("url")));
  else if (service !== undefined) errors.push(...serviceFaults(service, at.child("service")));
  if (!anyBundle && !isValidCABundle(caBundle)) {
    const why = "unable to load root certificates: unable to parse bytes as PEM block";
    errors.push(invalidValue(at.child("caBundle"), caBundle, why));
  }
  return errors;
}

const form = "; desired format: https://host[:port]/path";

function urlFaults(text: string, at: FieldPath): FieldError[] {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return [required(at, `url must be a valid URL: parse ${JSON.stringify(text)}${form}`)];
  const errors: FieldError[] = [];
  const fault = (value: string, why: string) => errors.push(invalidValue(at, value, why + form));
  if (url.protocol !== "https:") fault(url.protocol.slice(0, -1), "'https' is the only allowed URL scheme");
  if (url.host === "") fault(url.host, "host must be specified");
  if (url.username !== "") fault(url.username, "user information is not permitted in the URL");
  if (url.hash !== "") fault(url.hash.slice(1), "fragments are not permitted in the URL");
  if (url.search !== "") fault(url.search.slice(1), "query parameters not permitted in the URL");
  return errors;
}

function serviceFaults(service: NonNullable<ApiextensionsWebhookClientConfig["service"]>, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { name, namespace, path, port = 443 } = service;
  if (!name) errors.push(required(at.child("name"), "service name is required"));
  if (!namespace) errors.push(required(at.child("namespace"), "service namespace is required"));
  for (const why of isValidPortNum(port)) {
    errors.push(invalidValue(at.child("port"), port, `port is not valid: ${why}`));
  }
  if (path === undefined || path === "/") return errors;
  const pathAt = at.child("path");
  if (!path.startsWith("/")) errors.push(invalidValue(pathAt, path, "must start with a '/'"));
  const trimmed = path.slice(1, path.endsWith("/") ? -1 : undefined);
  for (const [i, step] of trimmed.split("/").entries()) {
    if (step === "") errors.push(invalidValue(pathAt, path, `segment[${i}] may not be empty`));
  }
  return errors;
}

const pemBlock = /-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/;

/** Without one, or of blanks alone, the system's roots count. */
export function isValidCABundle(caBundle: string | undefined): boolean {
  if (!caBundle) return true;
  const text = Buffer.from(caBundle, "base64").toString();
  return text.trim() === "" || pemBlock.test(text);
}
