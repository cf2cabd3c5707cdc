import type { FlagSpecs } from "../../lib/flags.ts";

export const auditing = {
  "audit-log-batch-buffer-size": {
    type: "number",
    help: "how many events wait for a batch; in batch mode",
    default: 10000,
  },
  "audit-log-batch-max-size": { type: "number", help: "how many events a batch has at most", default: 1 },
  "audit-log-batch-max-wait": { type: "duration", help: "how long a batch that is not full waits", default: 0 },
  "audit-log-batch-throttle-burst": {
    type: "number",
    help: "how many batches may be sent at once after a pause",
    default: 0,
  },
  "audit-log-batch-throttle-enable": { type: "boolean", help: "whether batches are limited at all", default: false },
  "audit-log-batch-throttle-qps": {
    type: "float",
    help: "how many batches a second may be sent on average",
    default: 0,
  },
  "audit-log-compress": { type: "boolean", help: "compress files that were put aside", default: false },
  "audit-log-format": { type: "string", help: "json, or legacy for a line of text for each event", default: "json" },
  "audit-log-maxage": {
    type: "number",
    value: "DAYS",
    help: "how long files that were put aside are kept; 0 for ever",
    default: 366,
  },
  "audit-log-maxbackup": {
    type: "number",
    help: "how many files that were put aside are kept; 0 for all",
    default: 100,
  },
  "audit-log-maxsize": {
    type: "number",
    value: "MB",
    help: "a file that is larger is put aside",
    default: 100,
  },
  "audit-log-mode": {
    type: "string",
    help: "batch; blocking, where answers wait for the event to be written; or blocking-strict, where a request fails when its event does",
    default: "blocking",
  },
  "audit-log-path": {
    type: "string",
    value: "FILE",
    help: "write what is audited to this file; - for standard output",
  },
  "audit-log-truncate-enabled": {
    type: "boolean",
    help: "cut off events and batches that are too large",
    default: false,
  },
  "audit-log-truncate-max-batch-size": {
    type: "number",
    value: "BYTES",
    help: "a batch that is larger is sent in parts",
    default: 10485760,
  },
  "audit-log-truncate-max-event-size": {
    type: "number",
    value: "BYTES",
    help: "an event that is larger loses its bodies, and is dropped if that does not help",
    default: 102400,
  },
  "audit-log-version": { type: "string", help: "the form of events", default: "audit.k8s.io/v1" },
  "audit-policy-file": {
    type: "string",
    value: "FILE",
    help: "a Policy: which requests are audited, and how much of them",
  },
  "audit-webhook-batch-buffer-size": {
    type: "number",
    help: "how many events wait for a batch; in batch mode",
    default: 10000,
  },
  "audit-webhook-batch-max-size": { type: "number", help: "how many events a batch has at most", default: 400 },
  "audit-webhook-batch-max-wait": { type: "duration", help: "how long a batch that is not full waits", default: 30000 },
  "audit-webhook-batch-throttle-burst": {
    type: "number",
    help: "how many batches may be sent at once after a pause",
    default: 15,
  },
  "audit-webhook-batch-throttle-enable": { type: "boolean", help: "whether batches are limited at all", default: true },
  "audit-webhook-batch-throttle-qps": {
    type: "float",
    help: "how many batches a second may be sent on average",
    default: 10,
  },
  "audit-webhook-config-file": {
    type: "string",
    value: "FILE",
    help: "send what is audited to the server in this kubeconfig",
  },
  "audit-webhook-initial-backoff": {
    type: "duration",
    help: "how long to wait before a failed batch is sent again, for the first time",
    default: 10000,
  },
  "audit-webhook-mode": {
    type: "string",
    help: "batch, blocking or blocking-strict; see --audit-log-mode",
    default: "batch",
  },
  "audit-webhook-truncate-enabled": {
    type: "boolean",
    help: "cut off events and batches that are too large",
    default: false,
  },
  "audit-webhook-truncate-max-batch-size": {
    type: "number",
    value: "BYTES",
    help: "a batch that is larger is sent in parts",
    default: 10485760,
  },
  "audit-webhook-truncate-max-event-size": {
    type: "number",
    value: "BYTES",
    help: "an event that is larger loses its bodies, and is dropped if that does not help",
    default: 102400,
  },
  "audit-webhook-version": { type: "string", help: "the form of events", default: "audit.k8s.io/v1" },
} as const satisfies FlagSpecs;
