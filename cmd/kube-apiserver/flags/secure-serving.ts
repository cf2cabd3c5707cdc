import type { FlagSpecs } from "../../lib/flags.ts";
import { cipherSuiteNames, tlsVersionNames } from "../../lib/tls.ts";

export const secureServing = {
  "bind-address": {
    type: "string",
    value: "IP",
    help: "the address to listen on; 0.0.0.0 or :: for every one the machine has",
    default: "0.0.0.0",
  },
  "cert-dir": {
    type: "string",
    value: "DIR",
    help: "without --tls-cert-file and --tls-private-key-file: where apiserver.crt and apiserver.key are, or are put, signed by themselves",
    default: "/var/run/kubernetes",
  },
  "disable-http2-serving": { type: "boolean", help: "speak HTTP/1.1 only", default: false },
  "http2-max-streams-per-connection": {
    type: "number",
    help: "how many requests a client may have under way on one connection; 0 for 250",
    default: 0,
  },
  "permit-address-sharing": {
    type: "boolean",
    help: "listen with SO_REUSEADDR",
    default: false,
    ignored: "the port is always taken with SO_REUSEADDR",
  },
  "permit-port-sharing": {
    type: "boolean",
    help: "listen with SO_REUSEPORT, so that several servers share a port",
    default: false,
  },
  "secure-port": {
    type: "number",
    value: "PORT",
    help: "the port to listen on with TLS; it cannot be switched off with 0",
    default: 6443,
  },
  "tls-cert-file": {
    type: "string",
    value: "FILE",
    help: "the certificate to serve with, intermediates after it; without it and its key one is made, see --cert-dir",
  },
  "tls-cipher-suites": {
    type: "strings",
    help: `which ciphers are spoken up to TLS 1.2, by Go's names: ${cipherSuiteNames.join(", ")}. Left out: Node's choice`,
    default: [],
  },
  "tls-curve-preferences": {
    type: "strings",
    help: "which groups keys are agreed on by, as Go's numbers (23 P-256, 24 P-384, 25 P-521, 29 X25519, 4588 X25519MLKEM768)",
    default: [],
  },
  "tls-min-version": {
    type: "string",
    value: "VERSION",
    help: `the oldest TLS that is spoken: ${tlsVersionNames.join(", ")}. Left out: VersionTLS12`,
    default: "",
  },
  "tls-private-key-file": { type: "string", value: "FILE", help: "the key of --tls-cert-file" },
  "tls-sni-cert-key": {
    type: "texts",
    value: "CERT,KEY[:NAMES]",
    help: "another certificate and its key, for clients that ask for these names (*.example.com stands for one label); without names, for those in the certificate. May be repeated",
    default: [],
  },
} as const satisfies FlagSpecs;
