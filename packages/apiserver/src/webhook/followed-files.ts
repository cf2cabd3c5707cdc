/**
 * Certificates, keys and authorities that a kubeconfig names by their files are renewed in place: they are followed, and taken when they belong together.
 * What the kubeconfig itself says is read once, as upstream does. Source: client-go's transport/cert_rotation.go and ca_rotation.go.
 */

import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { Clock, Logger } from "@kubets/apimachinery";
import { followFiles } from "../configuration/watched-file.ts";
import type { TlsTrust } from "./https-caller.ts";

export interface Following {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * @param paths none for what is in the kubeconfig itself: nothing is followed then
 * @param read makes of the files what they come down to
 * @param use takes it when it is another, and can be used
 */
export function followTrust(
  paths: readonly string[],
  read: () => readonly TlsTrust[],
  use: () => void,
  { clock, logger, signal }: Following,
): void {
  if (paths.length === 0) return;
  const contents = paths.map((path) => readFileSync(path, "utf8"));
  const apply = () => {
    // Throws for a certificate and a key that do not belong together: one of them is yet to come.
    for (const { ca, cert, key } of read()) createSecureContext({ ca, cert, key });
    use();
  };
  // Ends with the signal, and tells its failures itself.
  void followFiles({ paths, contents, apply, clock, logger }, signal);
}
