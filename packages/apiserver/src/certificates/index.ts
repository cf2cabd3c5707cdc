/** The certificates alone: whoever makes or reads them need not load an API server. */

export * from "./cluster-certificates.ts";
export { Pki, type PkiOptions } from "./pki.ts";
export { type SelfSignedOptions, type SelfSignedPair, selfSignedPair } from "./self-signed.ts";
