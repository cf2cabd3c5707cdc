/** Which address of this machine others reach it at. Source: apimachinery's util/net/interface.go. */

import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { formatIp, parseCidr } from "@kubets/apimachinery";

const unspecified = new Set(["0.0.0.0", "::", ""]);

export function isUnspecified(address: string): boolean {
  return unspecified.has(address);
}

/** @throws Error when none was said and the machine has none that others could reach */
export function advertisedAddress(advertise: string | undefined, bind: string): string {
  if (advertise !== undefined && !isUnspecified(advertise)) return advertise;
  if (!isUnspecified(bind) && !bind.startsWith("127.") && bind !== "::1") return bind;
  const found = hostAddress();
  if (found !== undefined) return found;
  throw new Error(
    "Unable to find suitable network address.error='no default routes found'. Try to set the AdvertiseAddress directly or provide a valid BindAddress to fix this.",
  );
}

/** That of the interface with the default route. */
function hostAddress(): string | undefined {
  const interfaces = networkInterfaces();
  const routed = defaultRouteInterface();
  const candidates = Object.entries(interfaces).sort(([a], [b]) => Number(b === routed) - Number(a === routed));
  for (const family of [4, 6])
    for (const [, addresses = []] of candidates)
      for (const { address, internal } of addresses)
        if (!internal && isIP(address) === family && !address.startsWith("fe80:")) return address;
  return undefined;
}

function defaultRouteInterface(): string | undefined {
  let table: string;
  try {
    table = readFileSync("/proc/net/route", "utf8");
  } catch {
    return undefined; // No Linux, or no /proc: any interface is as good.
  }
  const rows = table.split("\n").map((line) => line.split("\t"));
  return rows.find(
    ([, destination, , flags]) => destination === "00000000" && (Number.parseInt(flags ?? "0", 16) & 2) !== 0,
  )?.[0];
}

/** The address of the Service default/kubernetes: the first of the first range. */
export function firstServiceAddress(ranges: string): string | undefined {
  const cidr = parseCidr(ranges.split(",")[0] ?? "");
  return cidr && formatIp(cidr.family, cidr.network + 1n);
}
