/** Who is asking. */

/** Who asks, as authorization, admission and audit know them. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What an authenticator may look at. */
export interface Credentials {
  /** Lower-case names, as node:http gives them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** As they came, name after value after name: a value with a comma in it stays one value. Without it, `headers` tells. */
  readonly rawHeaders?: readonly string[];
  /** DER of the certificate the client presented, if any; its signature chain has not been checked yet. */
  readonly peerCertificate?: Uint8Array;
  /** DER of the certificates it presented beside its own, to be asked only when there is need. */
  readonly peerIntermediates?: () => readonly Uint8Array[];
  /** Of the request's URL, without the query: anonymous requests may be allowed for some paths only. */
  readonly path?: string;
  /** Adds a Warning header to the answer. */
  warn?(text: string): void;
  /** Adds an annotation to the audit event. */
  annotate?(key: string, value: string): void;
}

/** Finds out who asks, from credentials of one kind or of several. */
export interface Authenticator {
  /**
   * The user; undefined when these credentials are not of this authenticator's kind, so that the next may try. A promise only when there is something to
   * wait for: every request comes this way.
   * @throws StatusError 401 when they are, and are bad.
   */
  authenticate(credentials: Credentials): UserInfo | undefined | Promise<UserInfo | undefined>;
}
