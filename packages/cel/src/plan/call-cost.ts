/**
 * What a call costs when it is made. Source: cel-go's interpreter/runtimecost.go and extensions, k8s.io/apiserver/pkg/cel/library/cost.go.
 */

import { authorizerCheckCost, listCost, perCharacter, perRegexCharacter, structCost } from "../cost-factors.ts";
import { FormatValue } from "../library/format.ts";
import { CidrValue } from "../library/network.ts";
import { textSize } from "../library/strings.ts";
import { type CelValue, List, MapValue, Opaque, Optional } from "../value.ts";
import { work } from "../work.ts";

export type Args = readonly CelValue[];

export interface CallCost {
  /** From the arguments, charged before the work is done. */
  readonly before?: (args: Args) => number;
  /** Where it depends on the result. */
  readonly after?: (result: CelValue) => number;
}

export function sizeOf(value: CelValue): number {
  if (typeof value === "string") return textSize(value);
  if (value instanceof List || value instanceof MapValue || value instanceof Opaque) return value.size;
  if (value instanceof Uint8Array) return value.length;
  return value instanceof Optional && value.value !== undefined ? sizeOf(value.value) : 1;
}

const scan = (value: CelValue, factor = perCharacter): number => Math.ceil(sizeOf(value) * factor);
const argument = (args: Args, i: number): CelValue => args[i] ?? null;

function regexCost(args: Args): number {
  const text = Math.ceil((1 + sizeOf(argument(args, 0))) * perCharacter);
  return text * scan(argument(args, 1), perRegexCharacter);
}

function smaller(args: Args): number {
  return Math.ceil(Math.min(sizeOf(argument(args, 0)), sizeOf(argument(args, 1))) * perCharacter);
}

function traversal(value: CelValue): number {
  work(1);
  if (typeof value === "string") return Math.floor(Buffer.byteLength(value) * perCharacter);
  if (value instanceof Uint8Array) return Math.floor(value.length * perCharacter);
  let cost = 0;
  if (value instanceof List) {
    for (const element of value) cost += traversal(element);
    return cost;
  }
  if (!(value instanceof MapValue)) return 1;
  for (const key of value.keys()) cost += traversal(key) + traversal(value.find(key) ?? null);
  return cost;
}

function selectorCost(args: Args): number {
  const size = sizeOf(argument(args, 1));
  return listCost + Math.ceil(size * perCharacter) + Math.ceil(Math.ceil(size * 0.5) * (listCost + structCost));
}

function containsIp(args: Args): number {
  const cidr = sizeOf(argument(args, 0));
  const other = argument(args, 1);
  return Math.ceil((cidr + cidr) * perCharacter) + (typeof other === "string" ? scan(other) : 0);
}

function containsCidr(args: Args): number {
  const cidr = sizeOf(argument(args, 0));
  const other = argument(args, 1);
  const text = typeof other === "string" ? scan(other) : 0;
  return Math.ceil((cidr + cidr) * perCharacter) + Math.ceil(cidr * perCharacter) + 1 + text;
}

function validateCost(args: Args): number {
  const format = argument(args, 0);
  if (!(format instanceof FormatValue)) return 1;
  const text = Math.ceil((1 + sizeOf(argument(args, 1))) * perCharacter);
  return text * Math.ceil(format.regexSize * perRegexCharacter);
}

const scanFirst: CallCost = { before: (args) => scan(argument(args, 0)) };
const scanTwice: CallCost = { before: (args) => scan(argument(args, 0), 2 * perCharacter) };
const traverse: CallCost = { before: (args) => traversal(argument(args, 0)) };
const regex: CallCost = { before: regexCost };
const one: CallCost = { before: () => 1 };
const check: CallCost = { before: () => authorizerCheckCost };
const selector: CallCost = { before: selectorCost };

/** Kubernetes' costs go by the function's name, whatever the overload. */
const byName: ReadonlyMap<string, CallCost> = new Map([
  ["check", check],
  ["fieldSelector", selector],
  ["labelSelector", selector],
  ...["isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"].map((name) => [name, traverse] as const),
  ...["url", "lowerAscii", "upperAscii", "substring", "trim", "jsonpatch.escapeKey"].map(
    (n) => [n, scanFirst] as const,
  ),
  ...["replace", "split"].map((name) => [name, scanTwice] as const),
  ["join", { after: (result: CelValue) => scan(result, 2 * perCharacter) }],
  ["find", regex],
  ["findAll", regex],
  ...["cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver"].map((n) => [n, scanFirst] as const),
  ["ip", { before: (args: Args) => (argument(args, 0) instanceof CidrValue ? 1 : scan(argument(args, 0))) }],
  ["ip.isCanonical", scanTwice],
  ["containsIP", { before: containsIp }],
  ["containsCIDR", { before: containsCidr }],
  ["validate", { before: validateCost }],
]);

function output(result: CelValue): number {
  return sizeOf(result) + 1 + listCost;
}

function selfCompare(list: CelValue): number {
  const size = sizeOf(list);
  const first = list instanceof List && list.size > 0 ? list.at(0) : null;
  const factor = typeof first === "string" || first instanceof Uint8Array ? 2 + perCharacter : 2;
  return Math.floor(size * size * factor) + 1 + listCost;
}

function flattenCost(args: Args): number {
  const depth = args.length === 2 ? Number(args[1]) : 1;
  return Math.floor(sizeOf(argument(args, 0)) * depth) + 1 + listCost;
}

function setsCost(factor: number): CallCost {
  return { before: (args) => 1 + sizeOf(argument(args, 0)) * sizeOf(argument(args, 1)) * factor };
}

const equality: CallCost = {
  before: (args) => (argument(args, 0) instanceof Opaque ? 1 : smaller(args)),
};
const comparison: CallCost = { before: smaller };
const addition: CallCost = {
  before: (args) => Math.ceil((sizeOf(argument(args, 0)) + sizeOf(argument(args, 1))) * perCharacter),
};

/** cel-go's go by the overload, where that is known when the expression is compiled. */
const byOverload: ReadonlyMap<string, CallCost> = new Map([
  ["starts_with_string", { before: (args: Args) => scan(argument(args, 1)) }],
  ["ends_with_string", { before: (args: Args) => scan(argument(args, 1)) }],
  ["string_to_bytes", scanFirst],
  ["bytes_to_string", scanFirst],
  ["strings_quote", scanFirst],
  ["string_format", scanFirst],
  ["in_list", { before: (args: Args) => sizeOf(argument(args, 1)) }],
  ...["less", "less_equals", "greater", "greater_equals"].flatMap((name) =>
    ["string", "bytes"].map((type) => [`${name}_${type}`, comparison] as const),
  ),
  ["add_string", addition],
  ["add_bytes", addition],
  ["matches_string", regex],
  ["contains_string", { before: (args: Args) => scan(argument(args, 0)) * scan(argument(args, 1)) }],
  ["list_slice", { after: output }],
  ["lists_range", { after: output }],
  ["list_reverse", { after: output }],
  ["list_flatten", { before: flattenCost }],
  ["list_flatten_int", { before: flattenCost }],
  ["list_distinct", { before: (args: Args) => selfCompare(argument(args, 0)) }],
  ["list_sets_contains_list", setsCost(1)],
  ["list_sets_intersects_list", setsCost(1)],
  ["list_sets_equivalent_list", setsCost(2)],
]);

/** `overload` where there is but one that the call may be. */
export function callCost(name: string, overload: string | undefined): CallCost {
  if (name === "_==_") return equality;
  if (name === "_!=_") return comparison;
  const exact = overload === undefined ? undefined : byOverload.get(overload);
  if (exact !== undefined) return exact;
  if (overload?.startsWith("list_") && overload.endsWith("_sort"))
    return { before: (args) => selfCompare(argument(args, 0)) };
  if (overload?.endsWith("_sortByAssociatedKeys")) return { before: (args) => selfCompare(argument(args, 1)) };
  // Where it is not known which overload it is, upstream counts one.
  return byName.get(name) ?? one;
}
