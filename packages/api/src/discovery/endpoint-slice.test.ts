import { kindOf, refusesCreate, refusesUpdate } from "../testing.ts";

const slices = kindOf("discovery.k8s.io", "endpointslices");
const slice = (rest: object) => ({ metadata: { name: "s" }, addressType: "IPv4", endpoints: [], ...rest });
const endpoint = (rest: object) => slice({ endpoints: [{ addresses: ["10.0.0.1"], ...rest }] });
const zones = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `z${i}` }));

refusesCreate(slices, [
  ["as it should be", endpoint({ hostname: "a", nodeName: "n.example", hints: { forZones: zones(1) } })],
  ["no type", slice({ addressType: undefined }), "addressType: Required value"],
  [
    "another type",
    slice({ addressType: "IP" }),
    'addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"',
  ],
  [
    "no address",
    endpoint({ addresses: [] }),
    "endpoints[0].addresses: Required value: must contain at least 1 address",
  ],
  [
    "too many addresses",
    endpoint({ addresses: Array.from({ length: 101 }, (_, i) => `10.0.0.${i + 1}`) }),
    "endpoints[0].addresses: Too many: 101: must have at most 100 items",
  ],
  [
    "the other family",
    endpoint({ addresses: ["fd00::1"] }),
    'endpoints[0].addresses[0]: Invalid value: "fd00::1": must be a valid IPv4 address',
  ],
  [
    "of this machine",
    endpoint({ addresses: ["127.0.0.1"] }),
    'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  ],
  [
    "a domain of one part",
    { ...endpoint({ addresses: ["web"] }), addressType: "FQDN" },
    'endpoints[0].addresses[0]: Invalid value: "web": should be a domain with at least two segments separated by dots',
  ],
  ["hostname", endpoint({ hostname: "a.b" }), 'endpoints[0].hostname: Invalid value: "a.b": must not contain dots'],
  [
    "hints",
    endpoint({ hints: { forZones: [{ name: "z" }, { name: "z" }] } }),
    'endpoints[0].hints.forZones[1].name: Duplicate value: "z"',
  ],
  [
    "too many hints",
    endpoint({ hints: { forZones: zones(9) } }),
    "endpoints[0].hints.forZones: Too many: 9: must have at most 8 items",
  ],
  [
    "ports",
    slice({ ports: [{ port: 80 }, { port: 81, protocol: "ICMP" }, { name: "p", appProtocol: "a/b/c" }] }),
    'ports[1].name: Duplicate value: ""',
    'ports[1].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
    `ports[2].appProtocol: Invalid value: "a/b/c": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
  ],
]);

refusesUpdate(slices, [
  ["endpoints", slice({}), endpoint({})],
  ["type", slice({}), slice({ addressType: "IPv6" }), 'addressType: Invalid value: "IPv6": field is immutable'],
]);
