import type { FlagSpecs } from "../../lib/flags.ts";

const noPeers = "servers of one cluster are of one version and pass no requests on to each other";
const leaderElection = "candidates elect by Lease, as all of upstream's stable components do";

export const apiEnablement = {
  "runtime-config": {
    type: "texts",
    value: "KEY=BOOLEAN,...",
    help: "which groups and versions are served: api/all, api/ga, api/beta, api/alpha, GROUP/VERSION, v1 for the core group, GROUP/VERSION/RESOURCE; the narrowest decides",
    default: [],
  },
} as const satisfies FlagSpecs;

export const features = {
  "contention-profiling": {
    type: "boolean",
    help: "profile locks",
    default: false,
    ignored: "there is one thread, and no lock to wait for",
  },
  "debug-socket-path": { type: "string", value: "SOCKET", help: "serve profiles there", ignored: "see --profiling" },
  "enable-priority-and-fairness": {
    type: "boolean",
    help: "queue requests fairly by FlowSchemas and PriorityLevelConfigurations, instead of refusing beyond the --max-*-inflight limits",
    default: true,
  },
  profiling: {
    type: "boolean",
    help: "serve Go's profiles below /debug/pprof/",
    default: true,
    ignored: "this is no Go program; start it with NODE_OPTIONS=--cpu-prof",
  },
} as const satisfies FlagSpecs;

export const egressSelector = {
  "egress-selector-config-file": {
    type: "string",
    value: "FILE",
    help: "an EgressSelectorConfiguration: which proxies connections to the cluster, the control plane and etcd go through",
  },
} as const satisfies FlagSpecs;

export const metrics = {
  "allow-metric-labels": {
    type: "map",
    value: "METRIC,LABEL=VALUE,...",
    help: "values of a metric's label that are told apart; all others count together as `unexpected`. Several in one go are quoted each, as in CSV",
  },
  "allow-metric-labels-manifest": {
    type: "string",
    value: "FILE",
    help: 'the same from a file of YAML, a line for each: METRIC,LABEL: "VALUE,VALUE"',
  },
  "disabled-metrics": { type: "strings", help: "metrics that are not served, by their whole names", default: [] },
  "show-hidden-metrics-for-version": {
    type: "string",
    value: "VERSION",
    help: "serve metrics that became hidden after this version, the one before this program's",
    ignored: "no metric is hidden",
  },
} as const satisfies FlagSpecs;

export const logs = {
  "log-flush-frequency": {
    type: "duration",
    help: "how often the log is flushed",
    default: 5000,
    ignored: "every line is written at once",
  },
  "log-json-info-buffer-size": {
    type: "string",
    help: "how much is buffered",
    ignored: "every line is written at once",
  },
  "log-json-split-stream": {
    type: "boolean",
    help: "with --logging-format=json: errors to standard error, the rest to standard output",
    default: false,
  },
  "log-text-info-buffer-size": {
    type: "string",
    help: "how much is buffered",
    ignored: "every line is written at once",
  },
  "log-text-split-stream": {
    type: "boolean",
    help: "with --logging-format=text: errors to standard error, the rest to standard output",
    default: false,
  },
  "logging-format": { type: "string", help: "text or json", default: "text" },
  v: {
    type: "number",
    value: "LEVEL",
    short: "v",
    help: "how much is logged; from 4 on what helps to find faults",
    default: 0,
  },
  vmodule: { type: "string", help: "levels by Go file", ignored: "there are no Go files; see -v" },
} as const satisfies FlagSpecs;

export const traces = {
  "tracing-config-file": {
    type: "string",
    value: "FILE",
    help: "a TracingConfiguration: traces of requests are sent to this OpenTelemetry collector, by OTLP over gRPC without TLS",
  },
} as const satisfies FlagSpecs;

export const misc = {
  "aggregator-reject-forwarding-redirect": {
    type: "boolean",
    help: "answer 502 where an aggregated API server redirects",
    default: true,
  },
  "allow-privileged": { type: "boolean", help: "let pods have privileged containers", default: false },
  "apiserver-count": {
    type: "number",
    help: "how many servers the cluster has, for --endpoint-reconciler-type=master-count",
    default: 1,
  },
  "coordinated-leadership-lease-duration": {
    type: "duration",
    help: "how long an elected leader leads on without a word",
    default: 15_000,
    ignored: leaderElection,
  },
  "coordinated-leadership-renew-deadline": {
    type: "duration",
    help: "how long a leader tries to stay one",
    default: 10_000,
    ignored: leaderElection,
  },
  "coordinated-leadership-retry-period": {
    type: "duration",
    help: "how often candidates try",
    default: 2000,
    ignored: leaderElection,
  },
  "default-not-ready-toleration-seconds": {
    type: "number",
    help: "how long pods stay on a node that is not ready, unless they say otherwise",
    default: 300,
  },
  "default-unreachable-toleration-seconds": {
    type: "number",
    help: "how long pods stay on a node that is unreachable, unless they say otherwise",
    default: 300,
  },
  "enable-aggregator-routing": {
    type: "boolean",
    help: "send requests for aggregated API servers to their pods instead of their cluster IPs",
    default: false,
    ignored: "they are sent to the pods where those are known, and to the cluster IP otherwise",
  },
  "enable-logs-handler": {
    type: "boolean",
    help: "serve log files below /logs",
    default: false,
    ignored: "log files are not served",
    deprecated: "upstream has removed what it did",
  },
  "endpoint-reconciler-type": {
    type: "string",
    help: "how servers keep the endpoints of default/kubernetes: lease, master-count or none",
    default: "lease",
  },
  "event-ttl": { type: "duration", help: "how long events are kept", default: 3_600_000 },
  "kubelet-certificate-authority": {
    type: "string",
    value: "FILE",
    help: "who signs the kubelets' certificates; they are not verified without it",
  },
  "kubelet-client-certificate": { type: "string", value: "FILE", help: "the certificate to show to kubelets" },
  "kubelet-client-key": { type: "string", value: "FILE", help: "its key" },
  "kubelet-port": {
    type: "number",
    help: "the kubelets' port",
    default: 10250,
    deprecated: "kubelet-port is deprecated and will be removed",
    ignored: "every node says its own",
  },
  "kubelet-preferred-address-types": {
    type: "strings",
    help: "which of a node's addresses its kubelet is asked at, best first",
    default: ["Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP"],
  },
  "kubelet-read-only-port": {
    type: "number",
    help: "the kubelets' port without TLS",
    default: 10255,
    deprecated: "kubelet-read-only-port is deprecated and will be removed",
    ignored: "it is not used",
  },
  "kubelet-timeout": {
    type: "duration",
    help: "how long a connection to a kubelet may take",
    default: 5000,
    ignored: "the client's own patience decides",
  },
  "kubernetes-service-node-port": {
    type: "number",
    help: "make the Service default/kubernetes one of type NodePort at this port; 0 for ClusterIP",
    default: 0,
  },
  "max-connection-bytes-per-sec": {
    type: "number",
    value: "BYTES",
    help: "hold each direction of exec, attach, port-forward and upgraded proxy connections to this; 0 for no limit",
    default: 0,
  },
  "peer-advertise-ip": { type: "string", value: "IP", help: "where other servers reach this one", ignored: noPeers },
  "peer-advertise-port": { type: "string", value: "PORT", help: "the port of that", ignored: noPeers },
  "peer-ca-file": {
    type: "string",
    value: "FILE",
    help: "who signed the other servers' certificates",
    ignored: noPeers,
  },
  "proxy-client-cert-file": {
    type: "string",
    value: "FILE",
    help: "the certificate to show to aggregated API servers, of an authority that --requestheader-client-ca-file has",
  },
  "proxy-client-key-file": { type: "string", value: "FILE", help: "its key" },
  "service-account-signing-key-file": {
    type: "string",
    value: "FILE",
    help: "the private key that service account tokens are signed with",
  },
  "service-cluster-ip-range": {
    type: "string",
    value: "CIDR[,CIDR]",
    help: "the addresses of Services; a second range is of the other family. They must not be those of nodes or pods",
  },
  "service-node-port-range": {
    type: "string",
    value: "PORT-PORT",
    help: "the ports of Services of type NodePort, first and last",
    default: "30000-32767",
  },
} as const satisfies FlagSpecs;

export const global = {
  help: { type: "boolean", short: "h", help: "print this", default: false },
  version: { type: "boolean", help: "print the version and end", default: false },
} as const satisfies FlagSpecs;
