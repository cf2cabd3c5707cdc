/** What a proxier's engine promises. Implementations: nftables (iptables and ipvs modes later). */

import type { ServicePort } from "./service-ports.ts";

export interface ServiceRules {
  readonly mode: string;
  /** Makes the node's rules exactly these, atomically. Called again after a failure. `ports` may be iterated more than once. */
  apply(ports: Iterable<ServicePort>): Promise<void>;
  /** Takes every rule away. */
  remove(): Promise<void>;
}
