/** An HTTP/1.1 upgrade towards a node. */

import type { IncomingMessage } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import { StatusError } from "@kubets/apimachinery";

export interface Upgraded {
  readonly socket: Duplex;
  /** Bytes that came together with the answer's header. */
  readonly head: Buffer;
  readonly response: IncomingMessage;
}

/** @throws StatusError with what the node said when it answered anything but 101, or 502-like when it cannot be reached */
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
      reject(new StatusError(500, "InternalError", `error dialing backend: ${cause.message}`, { cause })),
    );
    request.end();
  });
}

function refusal(code: number, text: string): StatusError {
  const message = text === "" ? `unable to upgrade connection: the node answered ${code}` : text;
  return new StatusError(
    code < 400 ? 500 : code,
    code === 404 ? "NotFound" : code === 403 ? "Forbidden" : "InternalError",
    message,
  );
}
