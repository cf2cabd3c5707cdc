/** `spec.conversion` of a CRD. Paths are those of upstream's internal version: `spec.conversion.webhookClientConfig`. */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  pushAll,
  required,
} from "@kubets/apimachinery";
import { validateReviewVersions, validateWebhookPlace } from "../admissionregistration/webhook-client-validation.ts";
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
  } else pushAll(errors, clientConfig(webhook.clientConfig, configAt, rules.allowInvalidCABundle));
  return [
    ...errors,
    ...validateReviewVersions(versions, at.child("conversionReviewVersions"), {
      requireSpoken: rules.requireRecognizedVersion,
    }),
  ];
}

function clientConfig(config: ApiextensionsWebhookClientConfig, at: FieldPath, anyBundle: boolean): FieldError[] {
  const errors = validateWebhookPlace(config, at);
  const { caBundle } = config;
  if (!anyBundle && !isValidCABundle(caBundle)) {
    const why = "unable to load root certificates: unable to parse bytes as PEM block";
    errors.push(invalidValue(at.child("caBundle"), caBundle, why));
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
