/** Which requests may change what is spoken on their connection. */

import type { IncomingMessage } from "node:http";
import { parseQuery } from "../request/query.ts";
import { infoOf } from "./request-deadlines.ts";
import { isWebSocket } from "./web-socket.ts";

const streams: ReadonlySet<string> = new Set(["attach", "exec", "portforward", "proxy"]);

/**
 * Streams, what is passed on, and watches over WebSocket. All others are answered as if they had not asked: the bodies and answers of upgrades are not HTTP's.
 * @param forwards whether another server answers for what is below a path
 */
export function takesUpgrade(
  { method = "GET", url = "/", headers }: Pick<IncomingMessage, "method" | "url" | "headers">,
  forwards: (path: string) => boolean,
): boolean {
  const [path = "", query = ""] = url.split("?", 2);
  if (forwards(path)) return true;
  const info = infoOf({ method, path, query: parseQuery(query) });
  if (info === undefined || !info.isResourceRequest) return false;
  if (streams.has(info.subresource) || info.verb === "proxy") return true;
  return info.verb === "watch" && isWebSocket({ headers });
}
