import type { FlagSpecs } from "../../lib/flags.ts";

const allInMemory = "everything is read from memory, and history is bounded by --etcd-compaction-interval";
const noPolling = "the numbers are kept as things change";

export const etcd = {
  "data-dir": {
    type: "string",
    value: "DIR",
    help: "kubets' own: without --etcd-servers, keep everything in a file in this directory",
  },
  "default-watch-cache-size": {
    type: "number",
    help: "how many events are remembered of each resource",
    default: 100,
    ignored: allInMemory,
  },
  "delete-collection-workers": {
    type: "number",
    help: "how many objects of a deletecollection are deleted at a time",
    default: 1,
    ignored: "deletions of one request share their fsync",
  },
  "enable-garbage-collector": {
    type: "boolean",
    help: "let owner references and finalizers of garbage collection have effect",
    default: true,
    ignored: "they always have",
  },
  "encryption-provider-config": {
    type: "string",
    value: "FILE",
    help: "an EncryptionConfiguration: which resources are encrypted where they are stored, and with which keys",
  },
  "encryption-provider-config-automatic-reload": {
    type: "boolean",
    help: "take changes of --encryption-provider-config while running",
    default: false,
  },
  "etcd-cafile": { type: "string", value: "FILE", help: "who signed the certificates of the etcd servers" },
  "etcd-certfile": { type: "string", value: "FILE", help: "the certificate to show to etcd" },
  "etcd-compaction-interval": {
    type: "duration",
    help: "history is kept this long, and at most twice this; 0 keeps all of it",
    default: 300_000,
  },
  "etcd-count-metric-poll-period": {
    type: "duration",
    help: "how often objects are counted for metrics",
    default: 60_000,
    ignored: noPolling,
  },
  "etcd-db-metric-poll-interval": {
    type: "duration",
    help: "how often etcd is asked for its size",
    default: 30_000,
    ignored: noPolling,
  },
  "etcd-healthcheck-timeout": {
    type: "duration",
    help: "how long the health check waits for etcd",
    default: 2000,
  },
  "etcd-keyfile": { type: "string", value: "FILE", help: "the key of --etcd-certfile" },
  "etcd-prefix": { type: "string", value: "PATH", help: "what every key in etcd begins with", default: "/registry" },
  "etcd-readycheck-timeout": {
    type: "duration",
    help: "how long the readiness check waits for etcd",
    default: 2000,
  },
  "etcd-servers": {
    type: "strings",
    value: "URLS",
    help: "the members of the etcd to keep everything in, such as https://10.0.0.1:2379",
    default: [],
  },
  "etcd-servers-overrides": {
    type: "strings",
    value: "GROUP/RESOURCE#URL;URL",
    help: "other etcds for some resources, such as /events#https://10.0.0.9:2379. The group of core resources is empty; for the resource * stands for all of a group",
    default: [],
  },
  "lease-reuse-duration-seconds": {
    type: "number",
    help: "how long a lease of etcd is used for new keys",
    default: 60,
    ignored: "leases are shared by keys that expire within the same minute",
  },
  "storage-backend": { type: "string", help: "etcd3, the only one upstream knows", default: "" },
  "storage-initialization-timeout": {
    type: "duration",
    help: "how long to wait for the store before the server says that it is ready",
    default: 60_000,
    ignored: "the server is ready once the store is",
  },
  "storage-media-type": {
    type: "string",
    help: "the form of stored objects. They are stored as application/json whatever is said; what upstream stored as protobuf is read",
    default: "application/json",
  },
  "watch-cache": { type: "boolean", help: "serve watches from memory", default: true, ignored: allInMemory },
  "watch-cache-sizes": {
    type: "strings",
    help: "how many events are remembered, by RESOURCE#N",
    default: [],
    ignored: allInMemory,
  },
} as const satisfies FlagSpecs;
