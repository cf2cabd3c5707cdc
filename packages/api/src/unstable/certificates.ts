/** ClusterTrustBundle and PodCertificateRequest. Source: pkg/apis/certificates/validation. */

import { constants, createPublicKey, type KeyObject, verify } from "node:crypto";
import {
  byteLength,
  deepEqual,
  type FieldError,
  invalidOmitted,
  invalidValue,
  nameIsDNSSubdomain,
  notSupported,
  path,
  pushAll,
  required,
  tooLong,
  validateImmutableField,
} from "@kubets/apimachinery";
import { parseCertificate, pemBlocks, pkcs10Problem } from "../certificates/pem.ts";
import { validateSignerName } from "../certificates/signer-name.ts";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { validateConditions } from "../core/condition-validation.ts";
import { complaints } from "../core/pod-field-checks.ts";
import { define } from "../define.ts";
import type { ResourceDefinition } from "../definition.ts";
import type {
  ClusterTrustBundleV1beta1,
  PodCertificateRequestSpecV1beta1,
  PodCertificateRequestStatusV1beta1,
  PodCertificateRequestV1beta1,
} from "../generated/unstable-types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";

type Bundle = ClusterTrustBundleV1beta1;
type PodRequest = PodCertificateRequestV1beta1;

const group = "certificates.k8s.io";
const limits = {
  bundle: 1024 * 1024,
  publicKey: 10 * 1024,
  proof: 10 * 1024,
  uid: 128,
  chain: 64 * 1024,
  minSeconds: 3600,
  maxSeconds: 91 * 86_400,
  maxKubernetesSeconds: 86_400,
};
const bundlePath = path("spec.trustBundle");
const specPath = path("spec");
const statusPath = path("status");
const omitted = "<value omitted>";

/** A bundle of a signer is named after it. */
function validateBundleName({ metadata, spec }: Bundle): FieldError[] {
  const name = metadata?.name ?? "";
  const { signerName = "" } = spec ?? {};
  const prefix = `${signerName.replaceAll("/", ":")}:`;
  const wrong = (why: string) => [invalidValue(path("metadata.name"), name, why)];
  if (signerName === "") {
    if (name.includes(":")) return wrong('ClusterTrustBundle without signer name must not have ":" in its name');
    return complaints(path("metadata.name"), name, nameIsDNSSubdomain(name, false));
  }
  if (!name.startsWith(prefix)) {
    return wrong(`ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`);
  }
  return complaints(path("metadata.name"), name, nameIsDNSSubdomain(name.slice(prefix.length), false));
}

function validateBundle(bundle: Bundle, old?: Bundle): FieldError[] {
  const { signerName = "", trustBundle = "" } = bundle.spec ?? {};
  const errors = validateBundleName(bundle);
  if (signerName !== "") pushAll(errors, validateSignerName(signerName, path("spec.signerName")));
  if (old === undefined || old.spec?.trustBundle !== trustBundle) pushAll(errors, validateAnchors(trustBundle));
  if (old === undefined) return errors;
  return [...errors, ...validateImmutableField(bundle.spec?.signerName, old.spec?.signerName, path("spec.signerName"))];
}

function validateAnchors(text: string): FieldError[] {
  if (byteLength(text) > limits.bundle) return [tooLong(bundlePath, limits.bundle)];
  const blocks = pemBlocks(text);
  const problems = blocks.flatMap(({ type, hasHeaders, bytes }, i) => {
    if (type !== "CERTIFICATE") return [`entry ${i} has bad block type: ${type}`];
    if (hasHeaders) return [`entry ${i} has PEM block headers`];
    const certificate = parseCertificate(bytes);
    if (certificate === undefined) return [`entry ${i} does not parse as X.509`];
    return certificate.ca ? [] : [`entry ${i} does not have the CA bit set`];
  });
  if (problems.length === 0 && blocks.length === 0) problems.push("at least one trust anchor must be provided");
  if (problems.length === 0)
    pushAll(problems, duplicates(blocks.map(({ bytes }) => Buffer.from(bytes).toString("hex"))));
  return problems.map((problem) => invalidValue(bundlePath, omitted, problem));
}

function duplicates(anchors: readonly string[]): string[] {
  const places = Map.groupBy(anchors.keys(), (i) => anchors[i]!);
  return [...places.values()]
    .filter((indices) => indices.length > 1)
    .map((indices) => `duplicate trust anchor (indices [${indices.join(" ")}])`);
}

export function clusterTrustBundleDefinition(version: string): ResourceDefinition<Bundle> {
  return define<Bundle>(group, version, "clustertrustbundles", {
    stored: { group, version: "v1beta1" },
    // The name is checked with the signer it depends on.
    strategy: {
      validateName: () => [],
      validate: (bundle) => validateBundle(bundle),
      validateUpdate: validateBundle,
      allowUnconditionalUpdate: false,
    },
    selectableFields: { "spec.signerName": (bundle) => bundle.spec?.signerName ?? "" },
    columns: [nameColumn, column("SignerName", (bundle: Bundle) => bundle.spec?.signerName || "<none>")],
  });
}

const names = ["podName", "serviceAccountName", "nodeName"] as const;
const uids = { podName: "podUID", serviceAccountName: "serviceAccountUID", nodeName: "nodeUID" } as const;

function validatePodRequest({ spec }: PodRequest): FieldError[] {
  const given = (spec ?? {}) as PodCertificateRequestSpecV1beta1;
  const errors = validateSignerName(given.signerName ?? "", specPath.child("signerName"));
  for (const field of names) {
    pushAll(
      errors,
      complaints(specPath.child(field), given[field] ?? "", nameIsDNSSubdomain(given[field] ?? "", false)),
    );
    const uid = given[uids[field]] ?? "";
    const at = specPath.child(uids[field]);
    if (uid === "") errors.push(invalidValue(at, uid, "must not be empty"));
    if (byteLength(uid) > limits.uid) errors.push(tooLong(at, limits.uid));
  }
  const seconds = given.maxExpirationSeconds;
  const secondsPath = specPath.child("maxExpirationSeconds");
  if (seconds === undefined) return [...errors, required(secondsPath, "must be set")];
  const isKubernetes = /^([^/]*\.)?kubernetes\.io\//.test(given.signerName ?? "");
  const max = isKubernetes ? limits.maxKubernetesSeconds : limits.maxSeconds;
  if (seconds < limits.minSeconds || seconds > max) {
    errors.push(invalidValue(secondsPath, seconds, `must be in the range [${limits.minSeconds}, ${max}]`));
  }
  const stub = given.stubPKCS10Request ?? "";
  if (stub === "") return [...errors, ...validateProof(given)];
  const problem = pkcs10Problem(Buffer.from(stub, "base64"));
  return problem === undefined ? errors : [...errors, invalidValue(specPath.child("stubPKCS10Request"), stub, problem)];
}

const keyPath = specPath.child("pkixPublicKey");

/** Who asks for a certificate has the key: the Pod's UID is signed with it. */
function validateProof({ pkixPublicKey = "", proofOfPossession = "", podUID }: PodCertificateRequestSpecV1beta1) {
  const [der, proof] = [Buffer.from(pkixPublicKey, "base64"), Buffer.from(proofOfPossession, "base64")];
  if (der.length > limits.publicKey) return [tooLong(keyPath, limits.publicKey)];
  if (proof.length > limits.proof) return [tooLong(specPath.child("proofOfPossession"), limits.proof)];
  let key: KeyObject;
  try {
    key = createPublicKey({ key: der, format: "der", type: "spki" });
  } catch {
    // OpenSSL's words would say nothing to the user.
    return [invalidValue(keyPath, pkixPublicKey, "must be a valid PKIX-serialized public key")];
  }
  const problem = keyProblem(key, pkixPublicKey);
  if (problem !== undefined) return [problem];
  const isRsa = key.asymmetricKeyType === "rsa";
  const padding = isRsa ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO } : {};
  const hash = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  if (verify(hash, Buffer.from(podUID ?? ""), { key, ...padding }, proof)) return [];
  return [invalidOmitted(specPath.child("proofOfPossession"), "could not verify proof-of-possession signature")];
}

function keyProblem(key: KeyObject, text: string): FieldError | undefined {
  const { namedCurve = "", modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "ed25519":
      return undefined;
    case "ec":
      if (["prime256v1", "secp384r1", "secp521r1"].includes(namedCurve)) return undefined;
      return invalidValue(keyPath, `curve ${namedCurve}`, "elliptic public keys must use curve P256 or P384");
    case "rsa":
      if (modulusLength === 3072 || modulusLength === 4096) return undefined;
      return invalidValue(keyPath, `${modulusLength}-bit modulus`, "RSA keys must have modulus size 3072 or 4096");
    default:
      return invalidValue(keyPath, text, "unknown public key type; supported types are Ed25519, ECDSA, and RSA");
  }
}

const outcomes = ["Issued", "Denied", "Failed"];

/** Issued, denied or failed: one of these, and then nothing changes any more. */
function validatePodRequestStatus({ status = {} }: PodRequest, old: PodRequest): FieldError[] {
  const conditions = status.conditions ?? [];
  const at = statusPath.child("conditions");
  const errors: FieldError[] = [];
  let known = 0;
  for (const [i, { type, status: value }] of conditions.entries()) {
    // Upstream's path has the index as a part of its own here.
    const where = at.child(`[${i}]`);
    if (!outcomes.includes(type)) {
      errors.push(notSupported(where.child("type"), type, outcomes));
      continue;
    }
    if (++known > 1) {
      const why = 'There may be at most one condition with type "Issued", "Denied", or "Failed"';
      errors.push(invalidValue(where.child("type"), type, why));
    }
    if (value !== "True") errors.push(notSupported(where.child("status"), value, ["True"]));
  }
  pushAll(errors, validateConditions(conditions, at));
  if (errors.length > 0) return errors;
  const has = (list: PodCertificateRequestStatusV1beta1 | undefined, ...types: string[]) =>
    (list?.conditions ?? []).some(({ type }) => types.includes(type));
  if (has(old.status, ...outcomes)) {
    const why = "immutable after PodCertificateRequest is issued, denied, or failed";
    return deepEqual(status, old.status) ? [] : [invalidValue(statusPath, status, why)];
  }
  const { conditions: _, ...rest } = status;
  if (has(status, "Denied", "Failed") && Object.keys(rest).length > 0) {
    const why = "non-condition status fields must be empty when denying or failing the PodCertificateRequest";
    return [invalidValue(statusPath, status, why)];
  }
  return has(status, "Issued") ? validateIssued(status) : [];
}

function validateIssued({
  certificateChain = "",
  notBefore,
  notAfter,
  beginRefreshAt,
}: PodCertificateRequestStatusV1beta1) {
  const at = statusPath.child("certificateChain");
  if (byteLength(certificateChain) > limits.chain) return [tooLong(at, limits.chain)];
  const blocks = pemBlocks(certificateChain);
  const refuse = (why: string) => [invalidValue(at, certificateChain, why)];
  if (blocks.length === 0) return refuse("issued certificate chain must contain at least one certificate");
  if (blocks.some(({ type }) => type !== "CERTIFICATE")) {
    return refuse("issued certificate chain must consist entirely of CERTIFICATE PEM blocks");
  }
  if (parseCertificate(blocks[0]!.bytes) === undefined) return refuse("leaf certificate does not parse as valid X.509");
  return Object.entries({ notBefore, notAfter, beginRefreshAt })
    .filter(([, time]) => time === undefined)
    .map(([field]) => required(statusPath.child(field), "must be present and non-zero"));
}

function stateText({ status }: PodRequest): string {
  return status?.conditions?.find(({ type }) => outcomes.includes(type))?.type ?? "Pending";
}

export function podCertificateRequestDefinition(version: string): ResourceDefinition<PodRequest> {
  return define<PodRequest>(group, version, "podcertificaterequests", {
    strategy: specStrategy<PodRequest>(
      {
        setDefaults({ spec }) {
          if (spec !== undefined) spec.maxExpirationSeconds ??= 86_400;
        },
        validate: validatePodRequest,
        validateUpdate: (request, old) => validateImmutableField(request.spec, old.spec, specPath),
        allowUnconditionalUpdate: false,
      },
      { generationOf: [] },
    ),
    status: statusStrategy<PodRequest>({ validate: validatePodRequestStatus }),
    selectableFields: {
      "spec.signerName": (request) => request.spec?.signerName ?? "",
      "spec.podName": (request) => request.spec?.podName ?? "",
      "spec.nodeName": (request) => request.spec?.nodeName ?? "",
    },
    columns: [
      nameColumn,
      column("PodName", (request: PodRequest) => request.spec?.podName ?? ""),
      column("ServiceAccountName", (request: PodRequest) => request.spec?.serviceAccountName ?? ""),
      column("NodeName", (request: PodRequest) => request.spec?.nodeName ?? ""),
      column("SignerName", (request: PodRequest) => request.spec?.signerName ?? ""),
      column("State", stateText),
      ageColumn,
    ],
  });
}
