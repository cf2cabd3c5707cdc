/** What is refused in an EncryptionConfiguration. Source: apiserver's pkg/apis/apiserver/validation/validation_encryption.go. */

import {
  type FieldError,
  type FieldPath,
  formatDuration,
  invalidValue,
  parseDuration,
  path,
  pushAll,
  required,
} from "@kubets/apimachinery";
import type {
  EncryptionConfiguration,
  Key,
  KeysConfiguration,
  KmsConfiguration,
  ProviderConfiguration,
} from "./configuration.ts";
import { type GroupResource, parseGroupResource } from "./group-resource.ts";

const aesKeySizes = [16, 24, 32];
const secretboxKeySizes = [32];

export function validateEncryptionConfiguration({ resources = [] }: EncryptionConfiguration): FieldError[] {
  const root = path("resources");
  if (resources.length === 0) return [required(root, `at least one ${root} is required`)];
  const plugins = new Set<string>();
  return resources.flatMap(({ resources: names = [], providers = [] }, i) => {
    const r = root.index(i).child("resources");
    const p = root.index(i).child("providers");
    return [
      ...(names.length === 0 ? [required(r, `at least one ${r} is required`)] : []),
      ...overlapErrors(names, r),
      ...names.flatMap((name, j) => nameErrors(name, r.index(j))),
      ...(providers.length === 0 ? [required(p, `at least one ${p} is required`)] : []),
      ...providers.flatMap((provider, j) => providerErrors(provider, p.index(j), plugins)),
    ];
  });
}

function overlapErrors(names: readonly string[], at: FieldPath): FieldError[] {
  const all = names.map(parseGroupResource);
  const pairs = all.flatMap((a, i) => all.flatMap((b, j) => (i === j ? [] : [[a, b] as const])));
  const same = (a: GroupResource, b: GroupResource) => a.group === b.group && a.resource === b.resource;
  const errors: FieldError[] = [];
  const firstSame = pairs.find(([a, b]) => same(a, b));
  if (firstSame !== undefined)
    errors.push(invalidValue(at, names, "the same resource cannot be specified multiple times"));
  // As upstream has it, the first pair of equals is not looked at for this.
  if (pairs.some((pair) => pair !== firstSame && overlap(...pair)))
    errors.push(
      invalidValue(
        at,
        names,
        "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked",
      ),
    );
  return errors;
}

function overlap(a: GroupResource, b: GroupResource): boolean {
  if (a.group === "*" && a.resource === "*") return true;
  return a.group === b.group && (a.resource === "*" || b.resource === "*");
}

const withoutApi = new Set(["apiserveripinfo", "serviceipallocations", "servicenodeportallocations"]);

function nameErrors(name: string, at: FieldPath): FieldError[] {
  const problem = nameProblem(name);
  return problem === undefined ? [] : [invalidValue(at, name, problem)];
}

function nameProblem(name: string): string | undefined {
  if (name.toLowerCase() !== name) return "resource name should not contain capital letters";
  if (name === "*") return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources";
  if (withoutApi.has(name)) return "resources which do not have REST API/s cannot be encrypted";
  const { group, resource } = parseGroupResource(name);
  if (group === "events.k8s.io")
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file";
  if (group === "extensions") return "'extensions' group has been removed and cannot be used for encryption";
  if (group === "*" && resource !== "*") return "encrypting the same resource across groups is not supported";
  return undefined;
}

/** @param plugins names of KMS plugins before this provider; its own is added */
function providerErrors(provider: ProviderConfiguration, at: FieldPath, plugins: Set<string>): FieldError[] {
  const { kms, aesgcm, aescbc, secretbox, identity } = provider;
  const found = Object.entries({ aesgcm, aescbc, secretbox, identity, kms }).filter(([, value]) => value);
  const errors: FieldError[] = [];
  // Upstream prints the whole provider, with its secrets.
  const shown = Object.fromEntries(found.map(([name]) => [name, "REDACTED"]));
  if (found.length === 0)
    errors.push(
      invalidValue(
        at,
        shown,
        "provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity",
      ),
    );
  if (found.length > 1)
    errors.push(
      invalidValue(
        at,
        shown,
        "more than one provider specified in a single element, should split into different list elements",
      ),
    );
  if (kms) {
    pushAll(errors, kmsErrors(kms, at.child("kms"), plugins));
    plugins.add(kms.name ?? "");
  } else if (aesgcm) pushAll(errors, keysErrors(aesgcm, at.child("aesgcm", "keys"), aesKeySizes));
  else if (aescbc) pushAll(errors, keysErrors(aescbc, at.child("aescbc", "keys"), aesKeySizes));
  else if (secretbox) pushAll(errors, keysErrors(secretbox, at.child("secretbox", "keys"), secretboxKeySizes));
  return errors;
}

function kmsErrors(
  { apiVersion = "v1", name = "", cachesize, endpoint = "", timeout = "3s" }: KmsConfiguration,
  at: FieldPath,
  plugins: ReadonlySet<string>,
): FieldError[] {
  const isV1 = apiVersion === "v1";
  const errors: FieldError[] = [];
  if (name === "") errors.push(required(at.child("name"), "name is a mandatory field for a provider"));
  const nameFlaw = (why: string) => errors.push(invalidValue(at.child("name"), name, why));
  if (!isV1 && name.includes(":")) nameFlaw(`invalid KMS provider name ${name}, must not contain ':'`);
  if (!isV1 && plugins.has(name)) nameFlaw(`duplicate KMS provider name ${name}, names must be unique`);
  const ms = parseDuration(timeout);
  if (ms <= 0) {
    const error = invalidValue(at.child("timeout"), "", "");
    errors.push({ ...error, message: `Invalid value: ${formatDuration(ms)}: timeout should be a positive value` });
  }
  const flaw = endpointFlaw(endpoint);
  if (flaw !== undefined) errors.push(invalidValue(at.child("endpoint"), endpoint, flaw));
  if (!isV1 && cachesize !== undefined)
    errors.push(invalidValue(at.child("cachesize"), cachesize, "cachesize is not supported in v2"));
  if (isV1 && cachesize === 0)
    errors.push(
      invalidValue(at.child("cachesize"), cachesize, "cachesize should be a positive value, or negative to disable"),
    );
  if (!isV1 && apiVersion !== "v2")
    errors.push(
      invalidValue(
        at.child("apiVersion"),
        apiVersion,
        // Upstream's slip: the field's name stands where its value was meant.
        "unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported",
      ),
    );
  return errors;
}

function endpointFlaw(endpoint: string): string | undefined {
  if (endpoint === "") return "endpoint is a mandatory field for a kms";
  const [, scheme = ""] = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(endpoint) ?? [];
  if (scheme.toLowerCase() === "unix") return undefined;
  return `unsupported scheme ${JSON.stringify(scheme.toLowerCase())} for KMS provider, only unix is supported`;
}

function keysErrors({ keys = [] }: KeysConfiguration, at: FieldPath, sizes: readonly number[]): FieldError[] {
  if (keys.length === 0) return [required(at, "at least one keys is required")];
  return keys.flatMap((key, i) => keyErrors(key, at.index(i), sizes));
}

function keyErrors({ name = "", secret = "" }: Key, at: FieldPath, sizes: readonly number[]): FieldError[] {
  const errors = name === "" ? [required(at.child("name"), "name is a mandatory field for a key")] : [];
  const problem = secretProblem(secret, sizes);
  if (secret === "") errors.push(required(at.child("secret"), "secret is a mandatory field for a key"));
  else if (problem !== undefined) errors.push(invalidValue(at.child("secret"), "REDACTED", problem));
  return errors;
}

function secretProblem(secret: string, sizes: readonly number[]): string | undefined {
  const text = secret.replace(/[\r\n]/g, ""); // Go's decoder passes over them.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return "secrets must be base64 encoded";
  const { length } = Buffer.from(text, "base64");
  return sizes.includes(length)
    ? undefined
    : `secret is not of the expected length, got ${length}, expected one of [${sizes.join(" ")}]`;
}
