/** Validation of Ingresses and IngressClasses. Source: pkg/apis/networking/validation. */

import {
  byteLength,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isDNS1035Label,
  isDNS1123Label,
  isDNS1123Subdomain,
  isValidPortName,
  isValidPortNum,
  isWildcardDNS1123Subdomain,
  notSupported,
  parseIp,
  path,
  pushAll,
  required,
  tooLong,
  validateImmutableField,
  validateIpLegacy,
} from "@kubets/apimachinery";
import { domainPrefixedPath, pathSegment } from "../core/name-checks.ts";
import { complaints, dnsSubdomain } from "../core/pod-field-checks.ts";
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressClass,
  IngressClassParametersReference,
  IngressRule,
  IngressServiceBackend,
  IngressTLS,
  TypedLocalObjectReference,
} from "../generated/types.ts";

const specPath = path("spec");
const classAnnotation = "kubernetes.io/ingress.class";

/** What a stored object broke before it was forbidden. */
interface Tolerances {
  readonly secretNames?: boolean;
  readonly wildcardRules?: boolean;
}

export function validateIngress(ingress: Ingress): FieldError[] {
  const errors = validateSpec(ingress, {});
  const annotation = ingress.metadata?.annotations?.[classAnnotation];
  const className = ingress.spec?.ingressClassName;
  if (annotation === undefined || className === undefined || annotation === className) return errors;
  const why = "must match `ingressClassName` when both are specified";
  return [...errors, invalidValue(path("annotations").child(classAnnotation), annotation, why)];
}

export function validateIngressUpdate(ingress: Ingress, old: Ingress): FieldError[] {
  const { tls = [], rules = [] } = old.spec ?? {};
  const secretNames = tls.some(({ secretName }) => secretName && isDNS1123Subdomain(secretName).length > 0);
  const isBroken = (rule: IngressRule) => rule.host?.includes("*") && validateRuleValue(rule, path()).length > 0;
  return validateSpec(ingress, { secretNames, wildcardRules: rules.some(isBroken) });
}

function validateSpec({ spec = {} }: Ingress, tolerances: Tolerances): FieldError[] {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  const errors: FieldError[] = [];
  if (rules.length === 0 && defaultBackend === undefined) {
    errors.push(invalidValue(specPath, spec.rules, "either `defaultBackend` or `rules` must be specified"));
  }
  if (defaultBackend !== undefined) pushAll(errors, validateBackend(defaultBackend, specPath.child("defaultBackend")));
  for (const [i, rule] of rules.entries()) {
    pushAll(errors, validateRule(rule, specPath.child("rules").index(i), tolerances));
  }
  for (const [i, each] of tls.entries()) {
    pushAll(errors, validateTls(each, specPath.child("tls").index(i), tolerances));
  }
  if (ingressClassName === undefined) return errors;
  return [...errors, ...dnsSubdomain(specPath.child("ingressClassName"), ingressClassName)];
}

function validateHost(host: string, at: FieldPath): FieldError[] {
  return complaints(at, host, host.includes("*") ? isWildcardDNS1123Subdomain(host) : isDNS1123Subdomain(host));
}

const notAnAddress = "must be a DNS name, not an IP address";

function validateRule(rule: IngressRule, at: FieldPath, tolerances: Tolerances): FieldError[] {
  const { host = "" } = rule;
  const errors: FieldError[] = [];
  if (host !== "") {
    if (parseIp(host) !== undefined) errors.push(invalidValue(at.child("host"), host, notAnAddress));
    pushAll(errors, validateHost(host, at.child("host")));
  }
  if (host.includes("*") && tolerances.wildcardRules) return errors;
  return [...errors, ...validateRuleValue(rule, at)];
}

function validateRuleValue({ http }: IngressRule, at: FieldPath): FieldError[] {
  if (http === undefined) return [];
  const where = at.child("http", "paths");
  const paths = http.paths ?? [];
  const errors = paths.length === 0 ? [required(where)] : [];
  return [...errors, ...paths.flatMap((each, i) => validatePath(each, where.index(i)))];
}

const pathTypes = ["Exact", "ImplementationSpecific", "Prefix"];
const sequences = ["//", "/./", "/../", "%2f", "%2F"];
const suffixes = ["/..", "/."];

function validatePath({ path: text = "", pathType, backend }: HTTPIngressPath, at: FieldPath): FieldError[] {
  if (pathType === undefined) return [required(at.child("pathType"), "pathType must be specified")];
  const where = at.child("path");
  const errors: FieldError[] = [];
  const specific = pathType === "ImplementationSpecific";
  if (!pathTypes.includes(pathType)) errors.push(notSupported(at.child("pathType"), pathType, pathTypes));
  else if (!(specific && text === "")) {
    if (!text.startsWith("/")) errors.push(invalidValue(where, text, "must be an absolute path"));
    for (const part of specific ? [] : sequences) {
      if (text.includes(part)) errors.push(invalidValue(where, text, `must not contain '${part}'`));
    }
    for (const part of specific ? [] : suffixes) {
      if (text.endsWith(part)) errors.push(invalidValue(where, text, `cannot end with '${part}'`));
    }
  }
  return [...errors, ...validateBackend(backend ?? {}, at.child("backend"))];
}

function validateBackend({ resource, service }: IngressBackend, at: FieldPath): FieldError[] {
  if (resource !== undefined && service !== undefined) {
    return [invalidValue(at, "", "cannot set both resource and service backends")];
  }
  if (resource !== undefined) return validateReference(resource, at.child("resource"));
  if (service !== undefined) return validateService(service, at);
  return [invalidValue(at, "", "resource or service backend is required")];
}

function validateService({ name = "", port }: IngressServiceBackend, at: FieldPath): FieldError[] {
  const errors = name === "" ? [required(at.child("service", "name"))] : [];
  if (name !== "") pushAll(errors, complaints(at.child("service", "name"), name, isDNS1035Label(name)));
  const { name: portName = "", number = 0 } = port ?? {};
  if (portName !== "" && number !== 0) {
    return [...errors, invalidValue(at, "", "cannot set both port name & port number")];
  }
  const where = at.child("service", "port");
  if (portName !== "") return [...errors, ...complaints(where.child("name"), portName, isValidPortName(portName))];
  if (number !== 0) return [...errors, ...complaints(where.child("number"), number, isValidPortNum(number))];
  return [...errors, required(at, "port name or number is required")];
}

function validateReference({ apiGroup, kind, name }: TypedLocalObjectReference, at: FieldPath): FieldError[] {
  return [
    ...(apiGroup === undefined ? [] : dnsSubdomain(at.child("apiGroup"), apiGroup)),
    ...pathSegment(at.child("kind"), kind ?? "", "kind is required"),
    ...pathSegment(at.child("name"), name ?? "", "name is required"),
  ];
}

function validateTls({ hosts = [], secretName = "" }: IngressTLS, at: FieldPath, tolerances: Tolerances): FieldError[] {
  const errors = hosts.flatMap((host, i) => validateHost(host, at.child("hosts").index(i)));
  if (tolerances.secretNames || secretName === "") return errors;
  return [...errors, ...dnsSubdomain(at.child("secretName"), secretName)];
}

export function validateIngressStatus({ status }: Ingress): FieldError[] {
  const at = path("status.loadBalancer.ingress");
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip = "", hostname = "" }, i) => {
    const where = at.index(i);
    const errors = ip === "" ? [] : validateIpLegacy(ip, where.child("ip"));
    if (hostname === "") return errors;
    pushAll(errors, dnsSubdomain(where.child("hostname"), hostname));
    if (parseIp(hostname) === undefined) return errors;
    return [...errors, invalidValue(where.child("hostname"), hostname, notAnAddress)];
  });
}

const maxController = 250;

export function validateIngressClass({ spec = {} }: IngressClass): FieldError[] {
  const { controller = "", parameters } = spec;
  const at = specPath.child("controller");
  return [
    ...(byteLength(controller) > maxController ? [tooLong(at, maxController)] : []),
    ...domainPrefixedPath(at, controller),
    ...(parameters === undefined ? [] : validateParameters(parameters, specPath.child("parameters"))),
  ];
}

function validateParameters(parameters: IngressClassParametersReference, at: FieldPath): FieldError[] {
  const { scope, namespace } = parameters;
  const errors = validateReference(parameters, at);
  const where = at.child("namespace");
  switch (scope) {
    case undefined:
      return [...errors, required(at.child("scope"))];
    case "Namespace":
      if (namespace === undefined) return [...errors, required(where, "`parameters.scope` is set to 'Namespace'")];
      return [...errors, ...complaints(where, namespace, isDNS1123Label(namespace))];
    case "Cluster":
      if (namespace === undefined) return errors;
      return [...errors, forbiddenField(where, "`parameters.scope` is set to 'Cluster'")];
    default:
      return [...errors, notSupported(at.child("scope"), scope, ["Cluster", "Namespace"])];
  }
}

export function validateIngressClassUpdate(ingressClass: IngressClass, old: IngressClass): FieldError[] {
  const at = specPath.child("controller");
  return [
    ...validateImmutableField(ingressClass.spec?.controller, old.spec?.controller, at),
    ...validateIngressClass(ingressClass),
  ];
}
