/** Secret: `stringData` is written into `data`; each type asks for its own keys; the type never changes. */

import {
  type FieldError,
  invalidValue,
  isConfigMapKey,
  path,
  required,
  tooLong,
  validateImmutableField,
} from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { Strategy } from "../definition.ts";
import type { Secret } from "../generated/types.ts";
import { validateImmutable } from "./config-map.ts";
import { base64Length, maxDataBytes } from "./data-size.ts";

const dataPath = path("data");

const strategy: Strategy<Secret> = {
  setDefaults(secret) {
    for (const [key, value] of Object.entries(secret.stringData ?? {})) {
      secret.data ??= {};
      secret.data[key] = Buffer.from(value).toString("base64");
    }
    delete secret.stringData;
    secret.type ||= "Opaque";
  },
  validate,
  prepareForUpdate(secret, old) {
    // A client that leaves the type out means no change.
    secret.type ||= old.type ?? "Opaque";
  },
  validateUpdate: (secret, old) => [
    ...validateImmutableField(secret.type, old.type, path("type")),
    ...validateImmutable(secret, old, ["data"]),
    ...validate(secret),
  ],
};

function validate(secret: Secret): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    for (const why of isConfigMapKey(key)) errors.push(invalidValue(dataPath.key(key), key, why));
    size += base64Length(value);
  }
  if (size > maxDataBytes) errors.push(tooLong(dataPath, maxDataBytes));
  return [...errors, ...validateType(secret)];
}

function validateType(secret: Secret): FieldError[] {
  const data = secret.data ?? {};
  const missing = (...keys: string[]) =>
    keys.filter((key) => !Object.hasOwn(data, key)).map((key) => required(dataPath.key(key)));
  switch (secret.type) {
    case "kubernetes.io/service-account-token": {
      const key = "kubernetes.io/service-account.name";
      if (secret.metadata?.annotations?.[key]) return [];
      return [required(path("metadata.annotations").key(key))];
    }
    case "kubernetes.io/dockercfg":
      return validateJson(data, ".dockercfg");
    case "kubernetes.io/dockerconfigjson":
      return validateJson(data, ".dockerconfigjson");
    case "kubernetes.io/basic-auth": {
      const absent = missing("username", "password");
      return absent.length === 2 ? absent : [];
    }
    case "kubernetes.io/ssh-auth":
      return data["ssh-privatekey"] ? [] : [required(dataPath.key("ssh-privatekey"))];
    case "kubernetes.io/tls":
      return missing("tls.crt", "tls.key");
    default:
      return [];
  }
}

function validateJson(data: Readonly<Record<string, string>>, key: string): FieldError[] {
  const text = data[key];
  if (text === undefined) return [required(dataPath.key(key))];
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64").toString());
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return [];
    return [invalidValue(dataPath.key(key), "<secret contents redacted>", "must be a JSON object")];
  } catch (error) {
    // The parser's message may quote the secret.
    const why = error instanceof SyntaxError ? "invalid JSON" : String(error);
    return [invalidValue(dataPath.key(key), "<secret contents redacted>", why)];
  }
}

export const secretDefinition = define<Secret>("", "v1", "secrets", {
  strategy,
  selectableFields: { type: (secret) => secret.type ?? "" },
  columns: [
    nameColumn,
    column("Type", (secret: Secret) => secret.type ?? ""),
    column("Data", (secret: Secret) => Object.keys(secret.data ?? {}).length),
    ageColumn,
  ],
});
