import assert from "node:assert/strict";
import { test } from "node:test";
import { kindOf, refusesCreate, refusesUpdate } from "../testing.ts";

const group = "networking.k8s.io";
const service = { service: { name: "s", port: { number: 80 } } };
const onPath = (text: object) => ({
  spec: { rules: [{ http: { paths: [{ pathType: "Prefix", path: "/", backend: service, ...text }] } }] },
});

refusesCreate(kindOf(group, "ingresses"), [
  ["a plain one", onPath({})],
  ["nothing", { spec: {} }, "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"],
  [
    "an annotation that says otherwise",
    {
      metadata: { annotations: { "kubernetes.io/ingress.class": "a" } },
      spec: { ingressClassName: "b", defaultBackend: service },
    },
    'annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both are specified',
  ],
  [
    "hosts and certificates",
    {
      spec: {
        rules: [{ host: "1.2.3.4" }, { host: "*.*", http: { paths: [] } }],
        tls: [{ hosts: ["A"], secretName: "_" }],
      },
    },
    'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    "spec.rules[1].host: Invalid value: \"*.*\": a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    "spec.rules[1].http.paths: Required value",
    "spec.tls[0].hosts[0]: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    "spec.tls[0].secretName: Invalid value: \"_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ],
  [
    "a path that leads away",
    onPath({ path: "/a//b/.." }),
    "spec.rules[0].http.paths[0].path: Invalid value: \"/a//b/..\": must not contain '//'",
    "spec.rules[0].http.paths[0].path: Invalid value: \"/a//b/..\": cannot end with '/..'",
  ],
  [
    "no kind of path, and no backend",
    {
      spec: {
        rules: [{ http: { paths: [{ path: "/" }, { path: "x", pathType: "Odd", backend: {} }] } }],
      },
    },
    "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified",
    'spec.rules[0].http.paths[1].pathType: Unsupported value: "Odd": supported values: "Exact", "ImplementationSpecific", "Prefix"',
    'spec.rules[0].http.paths[1].backend: Invalid value: "": resource or service backend is required',
  ],
  [
    "a port twice, and none",
    onPath({ backend: { service: { name: "s", port: { name: "a", number: 1 } } } }),
    'spec.rules[0].http.paths[0].backend: Invalid value: "": cannot set both port name & port number',
  ],
]);

refusesCreate(kindOf(group, "ingressclasses"), [
  [
    "parameters",
    { spec: { controller: "acme", parameters: { kind: "", name: "p", scope: "Namespace" } } },
    'spec.controller: Invalid value: "acme": must be a domain-prefixed path (such as "acme.io/foo")',
    "spec.parameters.kind: Required value: kind is required",
    "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
  ],
]);

refusesUpdate(kindOf(group, "ingressclasses"), [
  [
    "its controller is for good",
    { spec: { controller: "a.b/c" } },
    { spec: { controller: "a.b/d" } },
    'spec.controller: Invalid value: "a.b/d": field is immutable',
  ],
]);

refusesCreate(kindOf(group, "servicecidrs"), [
  ["one of each family", { spec: { cidrs: ["10.0.0.0/24", "fd00::/64"] } }],
  ["none", { spec: {} }, "spec.cidrs: Required value: at least one CIDR required"],
  [
    "two of one family",
    { spec: { cidrs: ["10.0.0.0/24", "10.1.0.0/24"] } },
    'spec.cidrs: Invalid value: {"CIDRs":["10.0.0.0/24","10.1.0.0/24"]}: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
  ],
  [
    "one not written as it should be",
    { spec: { cidrs: ["10.0.0.1/24"] } },
    'spec.cidrs[0]: Invalid value: "10.0.0.1/24": must not have bits set beyond the prefix length',
  ],
]);

refusesUpdate(kindOf(group, "servicecidrs"), [
  [
    "it is for good",
    { spec: { cidrs: ["10.0.0.0/24"] } },
    { spec: { cidrs: ["10.0.1.0/24"] } },
    'spec.cidrs: Invalid value: ["10.0.1.0/24"]: field is immutable',
  ],
]);

const addresses = kindOf(group, "ipaddresses");

refusesCreate(addresses, [
  ["nothing", { spec: {} }, "spec.parentRef: Required value"],
  [
    "a parent of no name",
    { spec: { parentRef: { resource: "a/b" } } },
    "spec.parentRef.resource: Invalid value: \"a/b\": may not contain '/'",
    "spec.parentRef.name: Required value",
  ],
]);

test("an address is its name, in one form", () => {
  const check = addresses.strategy.validateName!;
  assert.deepEqual(check("10.0.0.1", false), []);
  assert.deepEqual(check("FD00::1", false), ['must be in canonical form ("fd00::1")']);
  assert.deepEqual(check("a", false), ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]);
});
