/** Validation of APIServices. Source: kube-aggregator's apis/apiregistration/validation. */

import {
  type FieldError,
  invalidValue,
  isDNS1035Label,
  isDNS1123Subdomain,
  isPathSegmentName,
  isValidPortNum,
  notSupported,
  path,
  required,
} from "@kubets/apimachinery";
import type { APIService } from "../generated/types.ts";

const statuses = ["True", "False", "Unknown"];

export function validateApiService({ metadata, spec }: APIService): FieldError[] {
  const { group = "", version = "", groupPriorityMinimum = 0, versionPriority = 0 } = spec ?? {};
  const at = path("spec");
  const errors = validateName(metadata?.name ?? "", `${version}.${group}`);
  if (group === "" && version !== "v1") {
    errors.push(required(at.child("group"), "only v1 may have an empty group and it better be legacy kube"));
  }
  if (group !== "") {
    for (const why of isDNS1123Subdomain(group)) errors.push(invalidValue(at.child("group"), group, why));
  }
  for (const why of isDNS1035Label(version)) errors.push(invalidValue(at.child("version"), version, why));
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > 20_000) {
    const why = "must be positive and less than 20000";
    errors.push(invalidValue(at.child("groupPriorityMinimum"), groupPriorityMinimum, why));
  }
  if (versionPriority <= 0 || versionPriority > 1000) {
    errors.push(invalidValue(at.child("versionPriority"), versionPriority, "must be positive and less than 1000"));
  }
  return [...errors, ...validateBackend(spec)];
}

function validateName(name: string, wanted: string): FieldError[] {
  const minimal = isPathSegmentName(name);
  const complaints =
    minimal.length > 0 || name === wanted
      ? minimal
      : [`must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`];
  return complaints.map((why) => invalidValue(path("metadata.name"), name, why));
}

function validateBackend(spec: APIService["spec"]): FieldError[] {
  const { service, caBundle = "", insecureSkipTLSVerify = false } = spec ?? {};
  const at = path("spec");
  const errors: FieldError[] = [];
  if (service === undefined) {
    if (caBundle !== "") {
      const size = `${Buffer.from(caBundle, "base64").length} bytes`;
      errors.push(invalidValue(at.child("caBundle"), size, "local APIServices may not have a caBundle"));
    }
    if (insecureSkipTLSVerify) {
      const why = "local APIServices may not have insecureSkipTLSVerify";
      errors.push(invalidValue(at.child("insecureSkipTLSVerify"), insecureSkipTLSVerify, why));
    }
    return errors;
  }
  const where = at.child("service");
  if (!service.namespace) errors.push(required(where.child("namespace")));
  if (!service.name) errors.push(required(where.child("name")));
  const port = service.port ?? 443;
  const complaints = isValidPortNum(port);
  if (complaints.length > 0) {
    errors.push(invalidValue(where.child("port"), port, `port is not valid: ${complaints.join(", ")}`));
  }
  if (insecureSkipTLSVerify && caBundle !== "") {
    const why = "may not be true if caBundle is present";
    errors.push(invalidValue(at.child("insecureSkipTLSVerify"), insecureSkipTLSVerify, why));
  }
  return errors;
}

export function validateApiServiceStatus({ status }: APIService): FieldError[] {
  const at = path("status.conditions");
  return (status?.conditions ?? []).flatMap((condition, i) =>
    statuses.includes(condition.status) ? [] : [notSupported(at.index(i).child("status"), condition.status, statuses)],
  );
}
