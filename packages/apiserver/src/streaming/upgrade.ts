/** An HTTP/1.1 upgrade towards a node. */

import type { IncomingMessage } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import { internalError, type Status, StatusError } from "@kubets/apimachinery";

export interface Upgraded {
  readonly socket: Duplex;
  /** Bytes that came together with the answer's header. */
  readonly head: Buffer;
  readonly response: IncomingMessage;
}

/** @throws StatusError with what the node said when it answered anything but 101, or InternalError when it cannot be reached */
export function dialUpgrade(options: RequestOptions, signal: AbortSignal): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest({ ...options, agent: false, signal });
    request.on("upgrade", (response, socket, head) => resolve({ socket, head, response }));
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        if (text.length < 4096) text += chunk;
      });
      response.on("end", () => reject(refusal(response.statusCode ?? 500, text.trim())));
      response.on("error", reject);
    });
    request.on("error", (cause) =>
      reject(internalError(new Error(`error dialing backend: ${cause.message}`, { cause }))),
    );
    request.end();
  });
}

/** As client-go's SPDY round tripper tells it. */
function refusal(code: number, text: string): StatusError {
  const status = statusIn(text);
  if (status !== undefined) return StatusError.fromStatus(status);
  return internalError(`unable to upgrade connection: ${text === "" ? `the node answered ${code}` : text}`);
}

function statusIn(text: string): Status | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const status = JSON.parse(text) as Partial<Status>;
    return status.kind === "Status" && typeof status.code === "number" ? (status as Status) : undefined;
  } catch {
    return undefined;
  }
}
