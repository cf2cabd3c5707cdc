/** Request bodies in YAML, read as kubectl and the API server read them: as JSON written differently. The parser is loaded on first use. */

import type { Pair } from "yaml";
import { messageOf } from "./error-message.ts";
import { integerOf } from "./exact-json.ts";
import { type DecodedBody, decodeJson, maxJsonDepth } from "./json.ts";
import { JsonSyntaxError } from "./json-parser.ts";
import type { Json } from "./object.ts";
import { pushAll } from "./push-all.ts";
import { hasInfinite } from "./written-numbers.ts";

/** Text that is not YAML, or YAML that has no JSON form. */
export class YamlSyntaxError extends Error {
  override readonly name = "YamlSyntaxError";
}

/** Nodes that aliases may stand for: enough for any manifest, too few for a "billion laughs". */
const maxAliasCount = 100;
/** Values a document may have once aliases are written out; more than the largest body allowed has without them. */
const maxValues = 2_000_000;

/**
 * Decodes the first document of a YAML text; text that is JSON is decoded as JSON.
 * YAML 1.1 as Go's sigs.k8s.io/yaml: `yes` is true, timestamps stay text, keys become strings.
 * @throws YamlSyntaxError, JsonSyntaxError
 */
export async function decodeYaml(body: string | Uint8Array): Promise<DecodedBody> {
  const text = typeof body === "string" ? body : new TextDecoder().decode(body);
  const read = decodeYamlThatIsJson(text);
  if (read !== undefined) return read;
  const yaml = await import("yaml");
  try {
    return decode(yaml, text);
  } catch (cause) {
    // The library recurses: text that nests too deep for it is the text's fault.
    const why = cause instanceof RangeError ? "exceeded max depth" : messageOf(cause);
    throw new YamlSyntaxError(`error converting YAML to JSON: yaml: ${why}`, { cause });
  }
}

/**
 * What YAML that is an object in JSON says, which is soon found out whatever its size; undefined for all other YAML: `{a: b}` is not JSON.
 * @throws JsonSyntaxError for what nests too deep
 */
export function decodeYamlThatIsJson(text: string): DecodedBody | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const { value, duplicates, hasFractions } = decodeJson(text);
    if (hasFractions && hasInfinite(value)) return undefined;
    // How a number is written does not survive upstream's way from YAML to JSON.
    return { value, duplicates };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError) || error.message.endsWith("exceeded max depth")) throw error;
    return undefined;
  }
}

function decode(yaml: typeof import("yaml"), text: string): DecodedBody {
  const lines = new yaml.LineCounter();
  const composer = new yaml.Composer({
    version: "1.1",
    merge: true,
    intAsBigInt: true,
    uniqueKeys: false,
    logLevel: "silent",
    customTags: (tags) =>
      tags.filter(
        (tag) => typeof tag === "string" || !/timestamp|binary|omap|pairs|set$/.test(tag.tag) || tag.default === false,
      ),
  });
  // The first and no further: a body may hold hundreds of thousands.
  const { value: document } = composer.compose(new yaml.Parser(lines.addNewLine).parse(text)).next();
  if (document === undefined || document === null) return { value: null, duplicates: [] };
  const [error] = document.errors;
  if (error?.message.startsWith("Maximum call stack")) throw new RangeError(error.message);
  if (error !== undefined) throw new Error(goLine(error.message, lines.linePos(error.pos[0]).line));
  const twice: [line: number, key: string][] = [];
  const lineOf = (offset: number) => lines.linePos(offset).line;
  yaml.visit(document, { Map: (_key, map) => pushAll(twice, keysGivenTwice(map.items as Pair[], lineOf)) });
  const duplicates = twice
    .sort(([a], [b]) => a - b)
    .map(([line, key]) => `  line ${line}: key "${key}" already set in map`);
  return {
    value: new JsonConverter().convert(document.toJS({ maxAliasCount })),
    duplicates: duplicates.length === 0 ? [] : [["yaml: unmarshal errors:", ...duplicates].join("\n")],
  };
}

function keysGivenTwice(pairs: readonly Pair[], lineOf: (offset: number) => number): [line: number, key: string][] {
  const seen = new Set<string>();
  const twice: [number, string][] = [];
  for (const pair of pairs) {
    const node = pair.key as { value?: unknown; range?: readonly number[] } | null;
    const key = String(node?.value ?? pair.key);
    if (seen.has(key) && key !== "<<") twice.push([lineOf(node?.range?.[0] ?? 0), key]);
    seen.add(key);
  }
  return twice;
}

function goLine(message: string, line: number | undefined): string {
  const [first = ""] = message.split("\n");
  return line === undefined ? first : `line ${line}: ${first.replace(/ at line \d+, column \d+:?$/, "")}`;
}

/** Makes JSON of what the library gives: what has no JSON form becomes what Go's converter makes of it. */
class JsonConverter {
  #values = 0;

  convert(value: unknown, depth = 0): Json {
    if (depth > maxJsonDepth) throw new Error("exceeded max depth");
    if (++this.#values > maxValues) throw new Error("document contains excessive aliasing");
    if (value === undefined || value === null) return null;
    if (typeof value === "bigint") return integerOf(value) ?? this.convert(Number(value), depth);
    if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`json: unsupported value: ${value}`);
    if (typeof value !== "object") return value as Json;
    if (Array.isArray(value)) return value.map((item) => this.convert(item, depth + 1));
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    return Object.fromEntries(entries.map(([key, child]) => [String(key), this.convert(child, depth + 1)]));
  }
}
