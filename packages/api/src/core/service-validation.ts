/** Services. Source: ValidateService, ValidateServiceUpdate, ValidateServiceStatusUpdate. */

import {
  type FieldError,
  forbiddenField,
  invalidValue,
  isDNS1123Subdomain,
  parseIp,
  path,
  pushAll,
  required,
  validateCidrLegacy,
  validateLabels,
} from "@kubets/apimachinery";
import type { Service } from "../generated/types.ts";
import {
  complaints,
  dnsSubdomain,
  ipAddress,
  oneOf,
  portNumber,
  qualifiedName,
  supportedOrAbsent,
} from "./pod-field-checks.ts";
import { validateClusterIPs, validateClusterIPsUpdate } from "./service-cluster-ips.ts";
import { validateServicePorts } from "./service-ports-validation.ts";
import { isExternallyAccessible, isHeadless, needsHealthCheckNodePort } from "./service-types.ts";

const specPath = path("spec");
const maxAffinitySeconds = 86_400;
const sourceRangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges";
const topologyHintsAnnotation = "service.kubernetes.io/topology-aware-hints";
const topologyModeAnnotation = "service.kubernetes.io/topology-mode";
const onlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'";

export function validateService(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  return [
    ...validateTopologyAnnotations(service),
    ...(!spec.ports?.length && !isHeadless(service) && spec.type !== "ExternalName"
      ? [required(specPath.child("ports"))]
      : []),
    ...validateTypeRules(service),
    ...validateServicePorts(spec, specPath.child("ports")),
    ...validateLabels(spec.selector ?? {}, specPath.child("selector")),
    ...validateAffinity(service),
    ...validateClusterIPs(service),
    ...(spec.externalIPs ?? []).flatMap((ip, i) => validateExternalIP(ip, i)),
    ...oneOf(specPath.child("type"), spec.type, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]),
    ...validateLoadBalancer(service),
    ...validateTraffic(service),
  ];
}

function validateTopologyAnnotations({ metadata }: Service): FieldError[] {
  const hints = metadata?.annotations?.[topologyHintsAnnotation];
  const mode = metadata?.annotations?.[topologyModeAnnotation];
  if (hints === undefined || mode === undefined || hints === mode) return [];
  const at = path("metadata.annotations").key(topologyModeAnnotation);
  return [invalidValue(at, mode, `must match annotations[${topologyHintsAnnotation}] when both are specified`)];
}

function validateTypeRules(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  const { type, clusterIPs = [] } = spec;
  if ((type === "LoadBalancer" || type === "NodePort") && isHeadless(service))
    return [
      invalidValue(
        specPath.child("clusterIPs").index(0),
        clusterIPs[0],
        `may not be set to 'None' for ${type} services`,
      ),
    ];
  if (type !== "ExternalName") return [];
  const notForExternalName = "may not be set for ExternalName services";
  const errors: FieldError[] = [];
  if (clusterIPs.length > 0) errors.push(forbiddenField(specPath.child("clusterIPs"), notForExternalName));
  if (spec.ipFamilies?.length) errors.push(forbiddenField(specPath.child("ipFamilies"), notForExternalName));
  if (spec.ipFamilyPolicy !== undefined)
    errors.push(forbiddenField(specPath.child("ipFamilyPolicy"), notForExternalName));
  const name = (spec.externalName ?? "").replace(/\.$/, "");
  if (name === "") errors.push(required(specPath.child("externalName")));
  else pushAll(errors, dnsSubdomain(specPath.child("externalName"), name));
  return errors;
}

function validateAffinity({ spec = {} }: Service): FieldError[] {
  const { sessionAffinity, sessionAffinityConfig: config } = spec;
  const errors = oneOf(specPath.child("sessionAffinity"), sessionAffinity, ["ClientIP", "None"]);
  const at = specPath.child("sessionAffinityConfig");
  if (sessionAffinity === "None" && config !== undefined)
    errors.push(forbiddenField(at, "must not be set when session affinity is None"));
  if (sessionAffinity !== "ClientIP") return errors;
  const why = "when session affinity type is ClientIP";
  const secondsAt = at.child("clientIP", "timeoutSeconds");
  const seconds = config?.clientIP?.timeoutSeconds;
  if (config === undefined) errors.push(required(at, why));
  else if (config.clientIP === undefined) errors.push(required(at.child("clientIP"), why));
  else if (seconds === undefined) errors.push(required(secondsAt, why));
  else if (seconds <= 0 || seconds > maxAffinitySeconds)
    errors.push(invalidValue(secondsAt, seconds, `must be greater than 0 and less than ${maxAffinitySeconds}`));
  return errors;
}

function validateExternalIP(ip: string, index: number): FieldError[] {
  const at = specPath.child("externalIPs").index(index);
  const errors = ipAddress(at, ip);
  return errors.length > 0 ? errors : complaints(at, ip, specialIPProblems(ip));
}

/** Addresses that can never be a Service's from outside. Source: ValidateNonSpecialIP. */
function specialIPProblems(ip: string): string[] {
  const parsed = parseIp(ip);
  if (parsed === undefined) return [];
  const { family, value } = parsed;
  const top = (bits: number) => value >> BigInt((family === 4 ? 32 : 128) - bits);
  const problems: string[] = [];
  if (value === 0n) problems.push(`may not be unspecified (${family === 4 ? "0.0.0.0" : "::"})`);
  if (family === 4 ? top(8) === 127n : value === 1n)
    problems.push("may not be in the loopback range (127.0.0.0/8, ::1/128)");
  if (family === 4 ? top(16) === 0xa9fen : top(10) === 0x3fan)
    problems.push("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  if (family === 4 ? top(24) === 0xe00000n : top(16) === 0xff02n)
    problems.push("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  return problems;
}

function validateLoadBalancer(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  const isLoadBalancer = spec.type === "LoadBalancer";
  const errors = validateSourceRanges(service);
  if (!isLoadBalancer && spec.allocateLoadBalancerNodePorts !== undefined)
    errors.push(forbiddenField(specPath.child("allocateLoadBalancerNodePorts"), onlyLoadBalancer));
  if (isLoadBalancer && spec.allocateLoadBalancerNodePorts === undefined)
    errors.push(required(path("allocateLoadBalancerNodePorts")));
  const lbClass = spec.loadBalancerClass;
  const classPath = specPath.child("loadBalancerClass");
  if (lbClass !== undefined)
    pushAll(errors, isLoadBalancer ? qualifiedName(classPath, lbClass) : [forbiddenField(classPath, onlyLoadBalancer)]);
  return errors;
}

/** The field, or the annotation it came from. Spaces around a range have always been allowed. */
function validateSourceRanges({ metadata, spec = {} }: Service): FieldError[] {
  const annotation = metadata?.annotations?.[sourceRangesAnnotation];
  const ranges = spec.loadBalancerSourceRanges ?? [];
  const isField = ranges.length > 0;
  if (!isField && annotation === undefined) return [];
  const at = isField
    ? specPath.child("LoadBalancerSourceRanges")
    : path("metadata.annotations").key(sourceRangesAnnotation);
  const errors = spec.type === "LoadBalancer" ? [] : [forbiddenField(at, onlyLoadBalancer)];
  const listed = isField ? ranges : (annotation ?? "").trim() === "" ? [] : (annotation ?? "").split(",");
  for (const [i, range] of listed.entries())
    pushAll(errors, validateCidrLegacy(range.trim(), isField ? at.index(i) : at));
  return errors;
}

const trafficPolicies = ["Cluster", "Local"];
const trafficDistributions = ["PreferClose", "PreferSameNode", "PreferSameZone"];

function validateTraffic(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  const external = specPath.child("externalTrafficPolicy");
  const internal = specPath.child("internalTrafficPolicy");
  const errors: FieldError[] = [];
  if (isExternallyAccessible(service)) pushAll(errors, oneOf(external, spec.externalTrafficPolicy, trafficPolicies));
  else if (spec.externalTrafficPolicy)
    errors.push(
      invalidValue(external, spec.externalTrafficPolicy, "may only be set for externally-accessible services"),
    );
  pushAll(errors, validateHealthCheckNodePort(service));
  const needsInternal = spec.type === "NodePort" || spec.type === "LoadBalancer" || spec.type === "ClusterIP";
  if (needsInternal && spec.internalTrafficPolicy === undefined) errors.push(required(internal));
  return [
    ...errors,
    ...supportedOrAbsent(internal, spec.internalTrafficPolicy, trafficPolicies),
    ...supportedOrAbsent(specPath.child("trafficDistribution"), spec.trafficDistribution, trafficDistributions),
  ];
}

function validateHealthCheckNodePort(service: Service): FieldError[] {
  const at = specPath.child("healthCheckNodePort");
  const port = service.spec?.healthCheckNodePort ?? 0;
  if (!needsHealthCheckNodePort(service))
    return port === 0
      ? []
      : [
          invalidValue(
            at,
            port,
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
          ),
        ];
  return port === 0 ? [required(at)] : portNumber(at, port);
}

export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const errors = validateClusterIPsUpdate(service, old);
  const { type, loadBalancerClass, healthCheckNodePort } = service.spec ?? {};
  if (type === "LoadBalancer" && old.spec?.type === type && loadBalancerClass !== old.spec.loadBalancerClass)
    errors.push(
      invalidValue(specPath.child("loadBalancerClass"), loadBalancerClass ?? null, "may not change once set"),
    );
  const neededPort = needsHealthCheckNodePort(service) && needsHealthCheckNodePort(old);
  if (neededPort && healthCheckNodePort !== old.spec?.healthCheckNodePort)
    errors.push(forbiddenField(specPath.child("healthCheckNodePort"), "field is immutable"));
  return [...errors, ...validateService(service)];
}

export function validateServiceStatusUpdate(service: Service): FieldError[] {
  const at = path("status.loadBalancer.ingress");
  const ingresses = service.status?.loadBalancer?.ingress ?? [];
  if (service.spec?.type !== "LoadBalancer" && ingresses.length > 0)
    return [forbiddenField(at, "may only be used when `spec.type` is 'LoadBalancer'")];
  return ingresses.flatMap(({ ip = "", ipMode, hostname = "" }, i) => {
    const here = at.index(i);
    const errors = ip === "" ? [] : ipAddress(here.child("ip"), ip);
    if (ipMode === undefined && ip !== "")
      errors.push(required(here.child("ipMode"), "must be specified when `ip` is set"));
    else if (ipMode !== undefined && ip === "")
      errors.push(forbiddenField(here.child("ipMode"), "may not be specified when `ip` is not set"));
    else pushAll(errors, supportedOrAbsent(here.child("ipMode"), ipMode, ["Proxy", "VIP"]));
    if (hostname !== "") {
      pushAll(errors, complaints(here.child("hostname"), hostname, isDNS1123Subdomain(hostname)));
      if (parseIp(hostname) !== undefined)
        errors.push(invalidValue(here.child("hostname"), hostname, "must be a DNS name, not an IP address"));
    }
    return errors;
  });
}
