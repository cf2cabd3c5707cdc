/** Where a Service's requests can go: the ready addresses in its EndpointSlices. */

import type { EndpointSlice } from "@kubets/api";
import type { Random } from "@kubets/apimachinery";

/** Where to connect to. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Any ready address of the Service's port of this name; undefined when there is none. @param slices the Service's, and no other's */
export function anyBackend(slices: readonly EndpointSlice[], portName: string, random: Random): Address | undefined {
  const backends = slices.flatMap((slice) => addressesOf(slice, portName));
  return backends[Math.floor(random.next() * backends.length)];
}

function addressesOf({ ports = [], endpoints = [] }: EndpointSlice, portName: string): Address[] {
  const port = ports.find((each) => (each.name ?? "") === portName)?.port;
  if (port === undefined) return [];
  return endpoints
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses.map((host) => ({ host, port })));
}
