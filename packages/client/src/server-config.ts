/** Where an API server is and how to prove who we are: what a kubeconfig context comes down to. */

import { readFile } from "node:fs/promises";
import type { Clock } from "@kubets/apimachinery";

/** An API server, how it is trusted, and who we are to it. Several credentials may be given, as in a kubeconfig. */
export interface ServerConfig {
  /** `https://10.0.0.1:6443`, with a path prefix when a proxy adds one. `http:` is allowed, for `kubectl proxy`. */
  readonly server: string;
  /** PEM. The system's roots when undefined. */
  readonly ca?: string;
  /** PEM, both or neither. */
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
  /** Read again every minute, as the kubelet rotates projected tokens. Wins over `token`. */
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  /** The name to check the server's certificate for, where it is not the URL's. */
  readonly serverName?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly impersonate?: {
    readonly user: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
}

/** How long a token read from a file is trusted; client-go's period. */
const tokenFilePeriodMs = 60_000;

/** Gives the headers that authenticate a request. One per transport: it remembers the token file's content. */
export class Credentials {
  readonly #config: ServerConfig;
  readonly #clock: Clock;
  #token: { text: string; readAt: number } | undefined;

  constructor(config: ServerConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** Forgets the token, so that the next request reads the file again; called after a 401. */
  reset(): void {
    this.#token = undefined;
  }

  get renewable(): boolean {
    return this.#config.tokenFile !== undefined;
  }

  async headers(): Promise<Record<string, string | string[]>> {
    const { token, tokenFile, username, password } = this.#config;
    const headers: Record<string, string | string[]> = this.#impersonation();
    const bearer = tokenFile === undefined ? token : await this.#fromFile(tokenFile);
    if (bearer) headers.Authorization = `Bearer ${bearer}`;
    else if (username !== undefined) {
      headers.Authorization = `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}`;
    }
    return headers;
  }

  #impersonation(): Record<string, string | string[]> {
    const who = this.#config.impersonate;
    if (who === undefined) return {};
    const headers: Record<string, string | string[]> = { "Impersonate-User": who.user };
    if (who.uid !== undefined) headers["Impersonate-Uid"] = who.uid;
    if (who.groups?.length) headers["Impersonate-Group"] = [...who.groups];
    for (const [name, values] of Object.entries(who.extra ?? {})) {
      headers[`Impersonate-Extra-${encodeURIComponent(name)}`] = [...values];
    }
    return headers;
  }

  async #fromFile(path: string): Promise<string> {
    const now = this.#clock.monotonic();
    if (this.#token !== undefined && now - this.#token.readAt < tokenFilePeriodMs) return this.#token.text;
    try {
      this.#token = { text: (await readFile(path, "utf8")).trim(), readAt: now };
    } catch (error) {
      // A rotation may be under way: an old token beats none.
      if (this.#token === undefined) throw new Error(`read bearer token from ${path}`, { cause: error });
    }
    return this.#token.text;
  }
}
