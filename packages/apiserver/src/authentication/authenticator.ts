/** Who is asking. */

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
  /** DER of the certificate the client presented, if any; its signature chain has not been checked yet. */
  readonly peerCertificate?: Uint8Array;
}

export interface Authenticator {
  /**
   * The user; undefined when these credentials are not of this authenticator's kind, so that the next may try.
   * @throws StatusError 401 when they are, and are bad.
   */
  authenticate(credentials: Credentials): Promise<UserInfo | undefined>;
}
