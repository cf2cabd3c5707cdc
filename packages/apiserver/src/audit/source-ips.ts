/** Where a request came from: what proxies say, then who is connected. All but the last can be made up. Source: apimachinery's net.SourceIPs. */

import { formatIp, parseIp } from "@kubets/apimachinery";
import { header, type ServerRequest } from "../request/request.ts";

/** As upstream's own clients on its own host. */
const inProcess = ["::1"];

export function sourceIps(request: ServerRequest): readonly string[] {
  const { remoteAddress } = request;
  if (request.user !== undefined) return inProcess;
  const forwarded = header(request, "x-forwarded-for");
  const real = header(request, "x-real-ip");
  if (!forwarded && !real) return remoteAddress === undefined ? [] : [remoteAddress];
  const found: string[] = [];
  for (const each of (forwarded ?? "").split(",")) {
    const ip = canonical(each.trim());
    if (ip !== undefined) found.push(ip);
  }
  const realIp = canonical(real ?? "");
  if (realIp !== undefined && !found.includes(realIp)) found.push(realIp);
  const remote = canonical(remoteAddress ?? "");
  if (remote !== undefined && found.at(-1) !== remote) found.push(remote);
  return found;
}

const plainV4 = /^[1-9]\d{0,2}(\.(0|[1-9]\d{0,2})){3}$/;

/** Undefined for text that is no address. */
function canonical(text: string): string | undefined {
  if (plainV4.test(text) && parseIp(text) !== undefined) return text;
  const ip = parseIp(text);
  return ip === undefined ? undefined : formatIp(ip.family, ip.value);
}
