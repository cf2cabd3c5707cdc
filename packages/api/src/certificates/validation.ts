/** Validation of CertificateSigningRequests. Source: pkg/apis/certificates/validation. */

import {
  deepEqual,
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  path,
  pushAll,
  required,
  seenBefore,
} from "@kubets/apimachinery";
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from "../generated/types.ts";
import { certificateRequestProblem, certificatesProblem } from "./pem.ts";
import { validateSignerName } from "./signer-name.ts";

type Request = CertificateSigningRequest;
type Condition = CertificateSigningRequestCondition;

const specPath = path("spec");
const conditionsPath = path("status.conditions");
const certificatePath = path("status.certificate");
const legacySigner = "kubernetes.io/legacy-unknown";
const minExpirationSeconds = 600;

const usages = [
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
];

export const validateRequest = (request: Request): FieldError[] => validate(request, undefined);

/** What was wrong in `old` may stay. */
function validate(request: Request, old: Request | undefined): FieldError[] {
  const spec = request.spec ?? { request: "", signerName: "" };
  const { signerName = "", expirationSeconds } = spec;
  const problem = certificateRequestProblem(spec.request ?? "");
  const errors: FieldError[] = [];
  if (problem !== undefined) errors.push(invalidValue(specPath.child("request"), spec.request ?? "", problem));
  pushAll(errors, validateUsages(spec.usages ?? [], old?.spec?.usages));
  const signerPath = specPath.child("signerName");
  if (signerName === legacySigner && old?.spec?.signerName !== legacySigner) {
    errors.push(invalidValue(signerPath, signerName, "the legacy signerName is not allowed via this API version"));
  } else pushAll(errors, validateSignerName(signerName, signerPath));
  if (expirationSeconds !== undefined && expirationSeconds < minExpirationSeconds) {
    const why = "may not specify a duration less than 600 seconds (10 minutes)";
    errors.push(invalidValue(specPath.child("expirationSeconds"), expirationSeconds, why));
  }
  pushAll(errors, validateConditions(request.status?.conditions ?? [], old?.status?.conditions));
  return [...errors, ...validateCertificate(request.status?.certificate, old?.status?.certificate)];
}

function validateUsages(given: readonly string[], old: readonly string[] | undefined): FieldError[] {
  const at = specPath.child("usages");
  if (given.length === 0) return [required(at)];
  const errors: FieldError[] = [];
  const isDuplicate = (list: readonly string[]) => list.length !== new Set(list).size;
  const unknownBefore = old?.some((usage) => !usages.includes(usage)) ?? false;
  for (const [i, usage] of given.entries()) {
    if (!unknownBefore && !usages.includes(usage)) errors.push(notSupported(at.index(i), usage, usages));
  }
  if (old !== undefined && isDuplicate(old)) return errors;
  const seen = seenBefore<string>();
  for (const [i, usage] of given.entries()) {
    if (seen(usage)) errors.push(duplicate(at.index(i), usage));
  }
  return errors;
}

const decisions = ["Approved", "Denied"];
const onlyTrue = [...decisions, "Failed"];

function validateConditions(conditions: readonly Condition[], old: readonly Condition[] = []): FieldError[] {
  const errors: FieldError[] = [];
  const types = (list: readonly Condition[]) => list.map(({ type }) => type);
  const hasBoth = (list: readonly Condition[]) => decisions.every((type) => types(list).includes(type));
  const emptyBefore = types(old).includes("");
  const duplicateBefore = old.length !== new Set(types(old)).size;
  const seen = seenBefore<string>();
  let decision: string | undefined;
  for (const [i, { type = "", status = "" }] of conditions.entries()) {
    const at = conditionsPath.index(i);
    if (type === "" && !emptyBefore) errors.push(required(at.child("type")));
    const allowed = onlyTrue.includes(type) ? ["True"] : ["False", "True", "Unknown"];
    if (status === "") errors.push(required(at.child("status")));
    else if (!allowed.includes(status)) errors.push(notSupported(at.child("status"), status, allowed));
    if (decisions.includes(type)) {
      if (decision !== undefined && decision !== type && !hasBoth(old)) {
        errors.push(invalidValue(conditionsPath, type, "Approved and Denied conditions are mutually exclusive"));
      }
      decision ??= type;
    }
    if (seen(type) && !duplicateBefore) errors.push(duplicate(at.child("type"), type));
  }
  return errors;
}

function validateCertificate(certificate = "", old: string | undefined): FieldError[] {
  if (certificate === "" || certificate === old) return [];
  const problemOf = (base64: string) => certificatesProblem(Buffer.from(base64, "base64").toString("latin1"));
  if (old !== undefined && old !== "" && problemOf(old) !== undefined) return [];
  const problem = problemOf(certificate);
  return problem === undefined ? [] : [invalidValue(certificatePath, "<certificate data>", problem)];
}

export interface UpdateRules {
  /** `/approval` decides. */
  readonly approves?: boolean;
  /** `/status` issues. */
  readonly issues?: boolean;
}

export function validateRequestUpdate(request: Request, old: Request, rules: UpdateRules = {}): FieldError[] {
  const errors = validate(request, old);
  const of = ({ status }: Request, type: string) => (status?.conditions ?? []).filter((c) => c.type === type);
  for (const type of onlyTrue) {
    if (of(request, type).length >= of(old, type).length) continue;
    errors.push(forbiddenField(conditionsPath, `updates may not remove a condition of type "${type}"`));
  }
  for (const type of rules.approves ? [] : decisions) {
    const [now, before] = [of(request, type), of(old, type)];
    if (now.length < before.length || deepEqual(now, before)) continue;
    const verb = now.length > before.length ? "add" : "modify";
    errors.push(forbiddenField(conditionsPath, `updates may not ${verb} a condition of type "${type}"`));
  }
  const [certificate = "", issued = ""] = [request.status?.certificate, old.status?.certificate];
  if (certificate === issued) return errors;
  if (!rules.issues) errors.push(forbiddenField(certificatePath, "updates may not set certificate content"));
  else if (issued !== "") {
    errors.push(forbiddenField(certificatePath, "updates may not modify existing certificate content"));
  }
  return errors;
}
