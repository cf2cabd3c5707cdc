/** Why a call to a webhook failed, in the words of Go's net/http and client-go, which users know and tests look for. */

import type { StatusError } from "@kubets/apimachinery";

/** The call failed. `message` is what client-go's error would say, `Post "https://...": ...` included. */
export class WebhookCallError extends Error {
  /** Did not answer in the time it was given. */
  readonly timedOut: boolean;
  /** What it answered, when that was an error. */
  readonly status: StatusError | undefined;

  constructor(message: string, options: { cause?: unknown; timedOut?: boolean; status?: StatusError } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "WebhookCallError";
    this.timedOut = options.timedOut ?? false;
    this.status = options.status;
  }
}

interface NetworkError extends Error {
  code?: string;
  address?: string;
  port?: number;
  hostname?: string;
  host?: string;
  cert?: { subjectaltname?: string; valid_to?: string };
}

const unknownAuthority = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_SIGNATURE_FAILURE",
]);

const connectFaults: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "connect: connection timed out",
  EACCES: "connect: permission denied",
};

/** What Go says where Node says `error`. */
export function goErrorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return goErrorText(error.errors[0]);
  const { code = "", address = "", port = 0, hostname = "", cert } = error as NetworkError;
  const fault = connectFaults[code];
  if (fault !== undefined) return address === "" ? fault : `dial tcp ${hostPort(address, port)}: ${fault}`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `dial tcp: lookup ${hostname}: no such host`;
  if (unknownAuthority.has(code)) {
    return "tls: failed to verify certificate: x509: certificate signed by unknown authority";
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return "tls: failed to verify certificate: x509: certificate has expired or is not yet valid";
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return wrongName(error as NetworkError, cert?.subjectaltname ?? "");
  if (code === "ECONNRESET") {
    return error.message === "socket hang up" ? "EOF" : "read: connection reset by peer";
  }
  if (code === "EPROTO" && error.message.includes("wrong version number")) {
    return "http: server gave HTTP response to HTTPS client";
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG") {
    return "http: server gave HTTP response to HTTPS client";
  }
  return error.message;
}

function wrongName({ host = "" }: NetworkError, names: string): string {
  const valid = names
    .split(", ")
    .map((name) => name.replace(/^(DNS|IP Address):/, ""))
    .filter((name) => name !== "");
  const what = valid.length === 0 ? "certificate is not valid for any names, but wanted to match" : undefined;
  const reason = what === undefined ? `certificate is valid for ${valid.join(", ")}, not ${host}` : `${what} ${host}`;
  return `tls: failed to verify certificate: x509: ${reason}`;
}

function hostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
