/** What a webhook's answer says, as client-go's REST client reads it. */

import type { IncomingHttpHeaders } from "node:http";
import { parseJson, type Status, StatusError, type StatusReason } from "@kubets/apimachinery";
import { WebhookCallError } from "./call-error.ts";

/** @throws WebhookCallError when it is not JSON, or nothing */
export function parseAnswer(code: number, headers: IncomingHttpHeaders, body: Buffer): unknown {
  if (body.length === 0) {
    const type = headers["content-type"] ?? "";
    throw new WebhookCallError(`0-length response with status code: ${code} and content type: ${type}`);
  }
  try {
    return parseJson(body.toString());
  } catch (cause) {
    throw new WebhookCallError(`couldn't get version/kind; json parse error: ${goSyntaxText(body.toString())}`, {
      cause,
    });
  }
}

/** What Go's decoder says about the commonest mistake: an answer that is no JSON from its first character on. */
function goSyntaxText(text: string): string {
  const first = text.trimStart()[0];
  if (first === undefined) return "unexpected end of JSON input";
  if (!'{["-0123456789tfn'.includes(first)) return `invalid character '${first}' looking for beginning of value`;
  return "unexpected end of JSON input";
}

interface Generic {
  readonly reason: StatusReason;
  readonly message: string;
}

/** Reasons and texts of apimachinery's NewGenericServerResponse, for requests that are about no resource. */
const generic: Readonly<Record<number, Generic>> = {
  400: { reason: "BadRequest", message: "the server rejected our request for an unknown reason" },
  401: { reason: "Unauthorized", message: "the server has asked for the client to provide credentials" },
  404: { reason: "NotFound", message: "the server could not find the requested resource" },
  405: { reason: "MethodNotAllowed", message: "the server does not allow this method on the requested resource" },
  406: {
    reason: "NotAcceptable",
    message: "the server was unable to respond with a content type that the client supports",
  },
  409: { reason: "AlreadyExists", message: "the server reported a conflict" },
  422: { reason: "Invalid", message: "the server rejected our request due to an error in our request" },
  429: {
    reason: "TooManyRequests",
    message: "the server has received too many requests and has asked us to try again later",
  },
  503: { reason: "ServiceUnavailable", message: "the server is currently unable to handle the request" },
  504: {
    reason: "Timeout",
    message: "the server was unable to return a response in the time allotted, but may still be processing the request",
  },
};

/** The error that an answer of `code` to a POST stands for: the Status it carries, or the one its code means. */
export function answeredStatus(code: number, headers: IncomingHttpHeaders, body: Buffer): StatusError {
  const carried = statusIn(body);
  if (carried !== undefined) return StatusError.fromStatus(carried);
  const said = isText(headers) ? body.toString().trim() : "unknown";
  const seconds = Number(headers["retry-after"]);
  const details = {
    causes: [{ reason: "UnexpectedServerResponse", message: said }],
    ...(Number.isInteger(seconds) && seconds > 0 ? { retryAfterSeconds: seconds } : {}),
  };
  const known = genericOf(code, said);
  return new StatusError(code, known.reason, known.message, { details });
}

function genericOf(code: number, said: string): Generic {
  if (code === 403) return { reason: "Forbidden", message: said };
  if (code === 406 && said !== "" && said !== "unknown") return { reason: "NotAcceptable", message: said };
  if (code === 415) return { reason: "UnsupportedMediaType", message: said };
  const known = generic[code];
  if (known !== undefined) return known;
  if (code >= 500) {
    const message = `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding`;
    return { reason: "InternalError", message };
  }
  const message = `the server responded with the status code ${code} but did not return more information`;
  return { reason: "Unknown", message };
}

function isText(headers: IncomingHttpHeaders): boolean {
  const type = headers["content-type"] ?? "";
  return type === "" || type.startsWith("text/");
}

function statusIn(body: Buffer): Status | undefined {
  if (body[0] !== 0x7b) return undefined;
  try {
    const status = JSON.parse(body.toString()) as Partial<Status>;
    return status.kind === "Status" && status.status === "Failure" ? ({ code: 500, ...status } as Status) : undefined;
  } catch {
    return undefined; // Whatever it is, it is no Status.
  }
}
