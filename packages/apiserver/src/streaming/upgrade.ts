/** An HTTP/1.1 upgrade towards a node. */

import type { RequestOptions } from "node:https";
import { internalError, type Status, StatusError } from "@kubets/apimachinery";
import { dial, isUpgraded, textOf, type Upgraded } from "./forward.ts";

const maxErrorLength = 4096;

/** @throws StatusError with what the node said when it answered anything but 101, or InternalError when it cannot be reached */
export async function dialUpgrade(options: RequestOptions, signal: AbortSignal): Promise<Upgraded> {
  const answer = await dial("https", { ...options, signal }).catch((cause: Error) => {
    throw internalError(new Error(`error dialing backend: ${cause.message}`, { cause }));
  });
  if (isUpgraded(answer)) return answer;
  const text = await textOf(answer, maxErrorLength);
  throw refusal(answer.statusCode ?? 500, text.trim());
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
