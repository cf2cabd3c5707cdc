/** Ingress and IngressClass. */

import {
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1123Subdomain,
  isWildcardDNS1123Subdomain,
  notSupported,
  path,
  required,
} from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { HTTPIngressPath, Ingress, IngressBackend, IngressClass } from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";

const group = "networking.k8s.io";
const specPath = path("spec");

function validate({ spec }: Ingress): FieldError[] {
  const errors: FieldError[] = [];
  const rules = spec?.rules ?? [];
  if (rules.length === 0 && spec?.defaultBackend === undefined) {
    errors.push(invalidValue(specPath, rules, "either `defaultBackend` or `rules` must be specified"));
  }
  if (spec?.defaultBackend !== undefined) {
    errors.push(...validateBackend(spec.defaultBackend, specPath.child("defaultBackend")));
  }
  for (const [index, rule] of rules.entries()) {
    const at = specPath.child("rules").index(index);
    errors.push(...validateHost(rule.host ?? "", at.child("host")));
    if (rule.http === undefined) continue;
    const paths = rule.http.paths ?? [];
    if (paths.length === 0) errors.push(required(at.child("http", "paths")));
    errors.push(...paths.flatMap((p, i) => validatePath(p, at.child("http", "paths").index(i))));
  }
  return errors;
}

function validateHost(host: string, at: FieldPath): FieldError[] {
  if (host === "") return [];
  const complaints = host.includes("*") ? isWildcardDNS1123Subdomain(host) : isDNS1123Subdomain(host);
  return complaints.map((why) => invalidValue(at, host, why));
}

const pathTypes = ["Exact", "ImplementationSpecific", "Prefix"];

function validatePath(given: HTTPIngressPath, at: FieldPath): FieldError[] {
  const { path: text = "", pathType } = given;
  const errors: FieldError[] = [];
  if (!pathType) errors.push(required(at.child("pathType"), "pathType must be specified"));
  else if (!pathTypes.includes(pathType)) errors.push(notSupported(at.child("pathType"), pathType, pathTypes));
  else if (pathType !== "ImplementationSpecific" || text !== "") {
    if (!text.startsWith("/")) errors.push(invalidValue(at.child("path"), text, "must be an absolute path"));
    for (const part of pathType === "ImplementationSpecific" ? [] : ["//", "/./", "/../", "%2f", "%2F"]) {
      if (text.includes(part)) errors.push(invalidValue(at.child("path"), text, `must not contain '${part}'`));
    }
  }
  return [...errors, ...validateBackend(given.backend, at.child("backend"))];
}

function validateBackend(backend: IngressBackend | undefined, at: FieldPath): FieldError[] {
  const { resource, service } = backend ?? {};
  if (resource !== undefined && service !== undefined) {
    return [invalidValue(at, "", "cannot set both resource and service backends")];
  }
  if (resource !== undefined) return [];
  if (service === undefined) return [required(at, "port name or number is required")];
  const errors: FieldError[] = [];
  if (!service.name) errors.push(required(at.child("service", "name")));
  const { name, number } = service.port ?? {};
  if (!name && !number) errors.push(required(at, "port name or number is required"));
  else if (name && number) errors.push(invalidValue(at, "", "cannot set both port name & port number"));
  return errors;
}

function hostsText(ingress: Ingress): string {
  const rules = ingress.spec?.rules ?? [];
  const hosts: string[] = [];
  let more = false;
  for (const { host } of rules) {
    if (hosts.length === 3) more = true;
    if (!more && host) hosts.push(host);
  }
  if (hosts.length === 0) return "*";
  return more ? `${hosts.join(",")} + ${rules.length - 3} more...` : hosts.join(",");
}

/** All addresses; upstream cuts the text at 16 characters without `-o wide`, which a cell cannot know of. */
function addressText(ingress: Ingress): string {
  const points = ingress.status?.loadBalancer?.ingress ?? [];
  const texts = points.map((point) => point.ip || point.hostname || "");
  return [...new Set(texts.filter((text) => text !== ""))].sort().join(",");
}

export const ingressDefinition = define<Ingress>(group, "v1", "ingresses", {
  shortNames: ["ing"],
  storagePath: "ingress",
  strategy: specStrategy<Ingress>({ validate, validateUpdate: validate }),
  status: statusStrategy<Ingress>(),
  columns: [
    nameColumn,
    column("Class", (ingress: Ingress) => ingress.spec?.ingressClassName ?? "<none>"),
    column("Hosts", hostsText),
    column("Address", addressText),
    column("Ports", (ingress: Ingress) => ((ingress.spec?.tls ?? []).length > 0 ? "80, 443" : "80")),
    ageColumn,
  ],
});

function parametersText(ingressClass: IngressClass): string {
  const parameters = ingressClass.spec?.parameters;
  if (parameters === undefined) return "<none>";
  const { apiGroup, kind, name } = parameters;
  return `${kind}${apiGroup === undefined ? "" : `.${apiGroup}`}/${name}`;
}

export const ingressClassDefinition = define<IngressClass>(group, "v1", "ingressclasses", {
  strategy: specStrategy<IngressClass>(
    {
      setDefaults({ spec }) {
        if (spec?.parameters !== undefined) spec.parameters.scope ??= "Cluster";
      },
    },
    { status: false },
  ),
  columns: [
    nameColumn,
    column("Controller", (ingressClass: IngressClass) => ingressClass.spec?.controller ?? ""),
    column("Parameters", parametersText),
    ageColumn,
  ],
});
