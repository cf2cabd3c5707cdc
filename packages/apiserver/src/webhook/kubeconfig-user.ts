/** How the API server shows who it is, by a user of a kubeconfig file. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";

export interface KubeconfigUser {
  "client-certificate"?: string;
  "client-certificate-data"?: string;
  "client-key"?: string;
  "client-key-data"?: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  exec?: unknown;
  "auth-provider"?: unknown;
}

/** What a user comes down to. */
export interface CallerIdentity {
  /** PEM: the client certificate and its key. */
  readonly tls: { readonly cert?: string; readonly key?: string };
  /** Sent with every call; asked each time, for tokens are renewed. */
  headers(): Readonly<Record<string, string>>;
}

/** Of the files that a user or a cluster names: those that count, by their whole paths. */
export function filesNamed(
  pairs: readonly (readonly [data: string | undefined, file: string | undefined])[],
  folder: string,
): string[] {
  return pairs.flatMap(([data, file]) => (data || !file ? [] : [resolve(folder, file)]));
}

/** @see filesNamed */
export function filesOfUser(user: KubeconfigUser, folder: string): string[] {
  const certificate = [user["client-certificate-data"], user["client-certificate"]] as const;
  return filesNamed([certificate, [user["client-key-data"], user["client-key"]]], folder);
}

/** @throws Error for users that need a program, or files that are not there */
export function callerIdentity(user: KubeconfigUser, folder: string, path: string): CallerIdentity {
  const cert = pem(user["client-certificate-data"], user["client-certificate"], folder);
  const key = pem(user["client-key-data"], user["client-key"], folder);
  const tls = { ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
  return { tls, headers: headersOf(user, folder, path) };
}

/** The text of a PEM file, or of its base64. */
export function pem(data: string | undefined, file: string | undefined, folder: string): string | undefined {
  if (data) return Buffer.from(data, "base64").toString();
  return file ? readFileSync(resolve(folder, file), "utf8") : undefined;
}

function headersOf(user: KubeconfigUser, folder: string, path: string): () => Record<string, string> {
  if (user.exec !== undefined || user["auth-provider"] !== undefined) {
    throw new Error(`${path}: users with exec or auth-provider are not supported; use a client certificate or a token`);
  }
  const { token, tokenFile, username, password = "" } = user;
  if (tokenFile) {
    const file = resolve(folder, tokenFile);
    // Read each time: such tokens are renewed in place.
    return () => ({ authorization: `Bearer ${readFileSync(file, "utf8").trim()}` });
  }
  if (token) return () => ({ authorization: `Bearer ${token}` });
  if (!username) return () => ({});
  const basic = Buffer.from(`${username}:${password}`).toString("base64");
  return () => ({ authorization: `Basic ${basic}` });
}
