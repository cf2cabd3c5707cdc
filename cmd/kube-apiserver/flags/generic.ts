import type { FlagSpecs } from "../../lib/flags.ts";

const oneVersion = "this program is one version of Kubernetes and emulates no other";

export const generic = {
  "advertise-address": {
    type: "string",
    value: "IP",
    help: "where the rest of the cluster reaches this server: it becomes an endpoint of the Service default/kubernetes. Left out: --bind-address, or, where that is every address, the machine's first one",
  },
  "cors-allowed-origins": {
    type: "strings",
    help: "browsers may call from origins in which one of these regular expressions is found; each has to pin the host, as in //example\\.com(:|$)",
    default: [],
  },
  "emulated-version": { type: "texts", help: "behave as an older version", default: [], ignored: oneVersion },
  "emulation-forward-compatible": {
    type: "boolean",
    help: "serve newer API versions while emulating an older one",
    default: false,
    ignored: oneVersion,
  },
  "external-hostname": {
    type: "string",
    value: "HOST",
    help: "the host in URLs that this server writes of itself, such as those for OpenID discovery. Left out: the advertised address",
  },
  "feature-gates": {
    type: "strings",
    value: "GATE=BOOLEAN,...",
    help: "switches of upstream's features. Those that upstream does not know, or has locked to the other value, are an error as there. Features are as they are by default here: what asks for something else is answered with a warning",
    default: [],
  },
  "goaway-chance": {
    type: "float",
    value: "FRACTION",
    help: "how often a request over HTTP/2 makes its client connect anew, which spreads clients over several servers; from 0, never, to .02",
    default: 0,
  },
  "livez-grace-period": {
    type: "duration",
    help: "how long /livez is well during start-up whatever is not yet done",
    default: 0,
  },
  "max-mutating-requests-inflight": {
    type: "number",
    help: "how many requests that change something are served at a time; with --max-requests-inflight the total that priority and fairness divides. 0 for no limit",
    default: 200,
  },
  "max-requests-inflight": {
    type: "number",
    help: "how many requests that only read are served at a time; see --max-mutating-requests-inflight. 0 for no limit",
    default: 400,
  },
  "min-compatibility-version": {
    type: "texts",
    help: "the oldest version that other servers of the cluster may be",
    default: [],
    ignored: oneVersion,
  },
  "min-request-timeout": {
    type: "number",
    value: "SECONDS",
    help: "a watch without a timeout of its own lasts between this and twice this",
    default: 1800,
  },
  "request-timeout": {
    type: "duration",
    help: "how long a request may take that is no watch or stream, and how long what is being answered has when the server stops",
    default: 60_000,
  },
  "runtime-config-emulation-forward-compatible": {
    type: "boolean",
    help: "let --runtime-config name versions newer than the emulated one",
    default: false,
    ignored: oneVersion,
  },
  "shutdown-delay-duration": {
    type: "duration",
    help: "on SIGTERM, how long requests are still served while /readyz already fails, so that load balancers notice",
    default: 0,
  },
  "shutdown-send-retry-after": {
    type: "boolean",
    help: "while the last requests are answered, refuse new ones with 429 and Retry-After",
    default: false,
  },
  "shutdown-watch-termination-grace-period": {
    type: "duration",
    help: "on SIGTERM, the time over which watches are ended one by one; they are ended at once when it is 0",
    default: 0,
  },
  "strict-transport-security-directives": {
    type: "strings",
    help: "send Strict-Transport-Security with these: max-age=SECONDS, includeSubDomains, preload",
    default: [],
  },
} as const satisfies FlagSpecs;
