/**
 * Which form the answer takes. Source: apiserver's handlers/negotiation. JSON and YAML; protobuf for those who take nothing else, as JSON is
 * what is kept; CBOR is not offered.
 */

import { StatusError } from "@kubets/apimachinery";

export interface OutputFormat {
  readonly type: "json" | "yaml";
  readonly as: "object" | "table" | "partial" | "discovery";
  /** Version of meta.k8s.io (Table, PartialObjectMetadata) or apidiscovery.k8s.io that was asked for. */
  readonly version: string;
  readonly pretty: boolean;
  /** PartialObjectMetadataList was asked for, which only a list can be given as. */
  readonly ofList?: boolean;
}

export const protobufMediaType = "application/vnd.kubernetes.protobuf";
const offered = ["application/json", "application/yaml", protobufMediaType];

const streamed = ["application/json", protobufMediaType].map((type) => `${type};stream=watch`);

export function notAcceptable(message: string): StatusError {
  return new StatusError(406, "NotAcceptable", message);
}

interface MediaRange {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly quality: number;
}

/** What a client that is not a browser accepts when it does not say. */
export const plainJson: OutputFormat = { type: "json", as: "object", version: "", pretty: false };

export interface Negotiable {
  readonly table: boolean;
  readonly discovery?: boolean;
  /** A watch, which is a stream of JSON or of protobuf. */
  readonly watch?: boolean;
}

/** @throws StatusError 406 when nothing that is accepted can be given */
export function negotiateOutput(
  accept: string | undefined,
  query: URLSearchParams,
  allowed: Negotiable,
  userAgent = "",
): OutputFormat {
  const pretty = isPretty(query.get("pretty"), userAgent);
  if (accept === undefined || accept.trim() === "") return { ...plainJson, pretty };
  const ranges = rangesOf(accept).sort((a, b) => b.quality - a.quality);
  for (const range of ranges) {
    const format = match(range, allowed);
    if (format !== undefined) return { ...format, pretty };
  }
  throw notAcceptable(
    `only the following media types are accepted: ${(allowed.watch ? streamed : offered).join(", ")}`,
  );
}

/** The form of a Status that says why not: as everything else is given, and indented JSON when that is nothing there is. */
export function negotiateError(accept: string | undefined, query: URLSearchParams, userAgent?: string): OutputFormat {
  try {
    return { ...negotiateOutput(accept, query, { table: true }, userAgent), as: "object", version: "" };
  } catch {
    // 406, which is told in a form that was not asked for.
    return { ...plainJson, pretty: true };
  }
}

/** What Go takes for true. */
const truths: ReadonlySet<string> = new Set(["1", "t", "T", "true", "TRUE", "True"]);

/** As it is asked for, or for those who read with their own eyes. */
function isPretty(given: string | null, userAgent: string): boolean {
  if (given) return truths.has(given);
  return userAgent.startsWith("curl") || userAgent.startsWith("Wget") || userAgent.startsWith("Mozilla/5.0");
}

/** How protobuf is taken by who takes nothing else: whole objects or their metadata. Undefined for all others. */
export function onlyProtobuf(accept: string): OutputFormat | undefined {
  if (!accept.includes(protobufMediaType)) return undefined;
  const ranges = rangesOf(accept).filter(({ quality }) => quality > 0);
  if (ranges.some(({ type }) => outputType(type) !== undefined)) return undefined;
  const forms = ranges.filter(({ type }) => type === protobufMediaType).map((range) => formOf(range, { table: true }));
  return forms.find((form) => form?.as === "object" || form?.as === "partial");
}

function rangesOf(accept: string): MediaRange[] {
  return accept
    .split(",")
    .filter((text) => text !== "")
    .map(parseRange);
}

function parseRange(text: string): MediaRange {
  const [type = "", ...rest] = text.split(";").map((part) => part.trim());
  const parameters: Record<string, string> = Object.create(null);
  for (const part of rest) {
    const equals = part.indexOf("=");
    if (equals > 0) parameters[part.slice(0, equals).toLowerCase()] = part.slice(equals + 1).replace(/^"|"$/g, "");
  }
  const quality = Number(parameters["q"] ?? 1);
  return { type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 1 };
}

function match(range: MediaRange, allowed: Negotiable): OutputFormat | undefined {
  if (range.quality <= 0) return undefined;
  const type = outputType(range.type);
  if (type === undefined || (type === "yaml" && allowed.watch)) return undefined;
  const form = formOf(range, allowed);
  return form === undefined ? undefined : { ...form, type };
}

/** What of the object is asked for. */
function formOf({ parameters }: MediaRange, allowed: Negotiable): OutputFormat | undefined {
  const { as, g, v } = parameters;
  if (as === undefined) return plainJson;
  if (g === "apidiscovery.k8s.io" && as === "APIGroupDiscoveryList") {
    if (!allowed.discovery || v !== "v2") return undefined;
    return { ...plainJson, as: "discovery", version: v };
  }
  if (!allowed.table || g !== "meta.k8s.io" || (v !== "v1" && v !== "v1beta1")) return undefined;
  if (as === "Table") return { ...plainJson, as: "table", version: v };
  if (as === "PartialObjectMetadata") return { ...plainJson, as: "partial", version: v };
  return as === "PartialObjectMetadataList" ? { ...plainJson, as: "partial", version: v, ofList: true } : undefined;
}

function outputType(type: string): OutputFormat["type"] | undefined {
  if (type === "application/json" || type === "*/*" || type === "application/*") return "json";
  return type === "application/yaml" ? "yaml" : undefined;
}
