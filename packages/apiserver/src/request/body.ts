/** Request bodies: limits, media types, and the decoded value. */

import {
  badRequest,
  type DecodedBody,
  decodeJson,
  integerOf,
  type Json,
  messageOf,
  StatusError,
  type WrittenNumber,
  writtenNumbers,
} from "@kubets/apimachinery";
import { maxBodyBytes } from "./body-limit.ts";
import { mediaType } from "./media-type.ts";
import type { ServerRequest } from "./request.ts";
import { decodeYamlAside } from "./yaml-thread.ts";

export interface DecodedRequest {
  /** Private and mutable. */
  readonly value: unknown;
  /** Fields given more than once, worded: `duplicate field "spec.replicas"`. */
  readonly duplicates: readonly string[];
  /** What it was decoded from, for errors to show; absent in-process. */
  readonly bytes?: Uint8Array;
  /** The numbers whose text matters, where there may be any. */
  readonly numbers?: () => readonly WrittenNumber[];
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );
}

/**
 * The body of a create or update: JSON, YAML or protobuf; undefined when there is none.
 * @param kind what it should be, for the error to say
 * @throws StatusError 400, 413, 415
 */
export async function readObjectBody(request: ServerRequest, kind?: string): Promise<DecodedRequest | undefined> {
  const { body } = request;
  if (body.type === "none") return undefined;
  if (body.type === "value")
    return body.value === undefined ? undefined : { value: jsonCopy(body.value), duplicates: [] };
  const type = mediaType(request);
  if (type === undefined || (type !== "" && !objectMediaTypes.includes(type)))
    throw unsupportedMediaType(objectMediaTypes);
  const bytes = await body.read(maxBodyBytes);
  if (bytes.length === 0) return undefined;
  if (type === protobufMediaType) return decodeProtobufBody(bytes);
  if (type === "application/yaml") return { ...(await decodeYamlBody(bytes, request)), bytes };
  return withNumbers(kind === undefined ? decodeJsonBody(bytes) : decodeJsonOf(kind, bytes), bytes);
}

/** A JSON body, and its numbers for those who ask. */
export function withNumbers({ value, duplicates, hasFractions }: DecodedBody, bytes: Uint8Array): DecodedRequest {
  return hasFractions
    ? { value, duplicates, bytes, numbers: () => writtenNumbers(bytes) }
    : { value, duplicates, bytes };
}

/** @throws StatusError 400 */
function decodeJsonOf(kind: string, bytes: Uint8Array): DecodedBody {
  try {
    return decodeJson(bytes);
  } catch (error) {
    throw unrecognized(kind, `couldn't get version/kind; json parse error: ${messageOf(error)}`, bytes);
  }
}

/** The 400 for a body that does not say what it is, with what it begins with. */
export function unrecognized(kind: string, why: string, bytes: Uint8Array | undefined): StatusError {
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${beginning(bytes)})`);
}

const shownBytes = 30;

function beginning(bytes: Uint8Array | undefined): string {
  if (bytes === undefined || bytes.length === 0) return "<empty>";
  const first = Buffer.from(bytes.subarray(0, shownBytes));
  const text = bytes[0] === 0x7b ? first.toString() : first.toString("hex");
  return bytes.length > shownBytes ? `${text} ...` : text;
}

const protobufMediaType = "application/vnd.kubernetes.protobuf";
const objectMediaTypes = ["application/json", "application/yaml", protobufMediaType];

/** @throws StatusError 400 */
async function decodeProtobufBody(bytes: Uint8Array): Promise<DecodedRequest> {
  const { decodeProtobuf, ProtobufError } = await import("@kubets/api/protobuf");
  try {
    return { value: decodeProtobuf(bytes), duplicates: [] };
  } catch (error) {
    if (error instanceof ProtobufError) throw badRequest(error.message);
    throw error;
  }
}

/** @throws StatusError 400 */
function decodeJsonBody(bytes: Uint8Array): DecodedBody {
  try {
    return decodeJson(bytes);
  } catch (error) {
    throw badRequest(messageOf(error));
  }
}

/** @throws StatusError 400 */
async function decodeYamlBody(bytes: Uint8Array, request: ServerRequest): Promise<DecodedRequest> {
  try {
    return await decodeYamlAside(bytes, () => request.signal);
  } catch (error) {
    throw error instanceof StatusError ? error : badRequest(messageOf(error));
  }
}

export function isJsonObject(value: unknown): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A copy of what a caller in this process handed over, without the keys whose value is undefined, as JSON would have it. */
export function jsonCopy(value: unknown): unknown {
  if (typeof value === "bigint") return integerOf(value) ?? Number(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(jsonCopy);
  const copy: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    if (child === undefined) continue;
    if (key === "__proto__") Object.defineProperty(copy, key, { value: jsonCopy(child), enumerable: true });
    else copy[key] = jsonCopy(child);
  }
  return copy;
}
