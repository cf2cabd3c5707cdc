/** What a call may cost. Source: cel-go's checker/cost.go and extensions, k8s.io/apiserver/pkg/cel/library/cost.go. */

import { authorizerCheckCost, listCost, perCharacter, perRegexCharacter, structCost } from "../cost-factors.ts";
import { declaredSize, type EntrySize, type Estimated, sizeOrUnknown } from "./estimated.ts";
import { add, fixed, multiply, type Range, scale, union, unknownSize, unlimited } from "./ranges.ts";

export interface CallEstimate {
  readonly cost: Range;
  readonly size?: Range;
  readonly entries?: EntrySize | undefined;
}

/** Where there is no target, the arguments are those of a plain function. */
type Estimate = (
  target: Estimated | undefined,
  args: readonly Estimated[],
  overload: string,
) => CallEstimate | undefined;

/** Of the function and its arguments, not of its target. */
export function estimateCall(
  name: string,
  overload: string,
  target: Estimated | undefined,
  args: readonly Estimated[],
): CallEstimate {
  if (overload === "logical_and" || overload === "logical_or") return logical(args);
  if (overload === "conditional") return conditional(args);
  const own = byOverload.get(overload)?.(target, args, overload) ??
    suffixed(overload)?.(target, args, overload) ??
    byName.get(name)?.(target, args, overload) ??
    byStandard.get(overload)?.(target, args, overload) ?? { cost: fixed(1) };
  return { ...own, cost: add(own.cost, ...args.map(({ cost }) => cost)) };
}

function logical([left, right]: readonly Estimated[]): CallEstimate {
  if (left === undefined || right === undefined) return { cost: fixed(1) };
  return { cost: { min: left.cost.min, max: add(left.cost, right.cost).max } };
}

function conditional([condition, yes, no]: readonly Estimated[]): CallEstimate {
  if (condition === undefined || yes === undefined || no === undefined) return { cost: fixed(1) };
  return {
    cost: add(condition.cost, union(yes.cost, no.cost)),
    size: union(sizeOrUnknown(yes), sizeOrUnknown(no)),
    entries: unionEntries(yes.entries, no.entries),
  };
}

function unionEntries(a: EntrySize | undefined, b: EntrySize | undefined): EntrySize | undefined {
  if (a === undefined || b === undefined) return undefined;
  return { container: a.container, key: union(a.key, b.key), value: union(a.value, b.value) };
}

const scanArgument: Estimate = (_, [argument]) => argument && { cost: scale(sizeOrUnknown(argument), perCharacter) };

const scanArgumentKeepingSize: Estimate = (_, [argument]) => {
  if (argument === undefined) return undefined;
  const size = sizeOrUnknown(argument);
  return { cost: scale(size, perCharacter), size };
};

const scanTarget: Estimate = (target) => {
  if (target === undefined) return undefined;
  const size = sizeOrUnknown(target);
  return { cost: scale(size, perCharacter), size };
};

function regexCost(text: Range, pattern: Range): Range {
  return multiply(scale(add(text, fixed(1)), perCharacter), scale(pattern, perRegexCharacter));
}

const find: Estimate = (target, [pattern]) => {
  if (target === undefined || pattern === undefined) return undefined;
  const size = sizeOrUnknown(target);
  return { cost: regexCost(size, sizeOrUnknown(pattern)), size: { min: 0, max: size.max } };
};

/** One for each element, and where elements are text, for their characters. */
const traverseList: Estimate = (target) => {
  if (target === undefined) return undefined;
  const size = sizeOrUnknown(target);
  const element = target.type.parameters[0];
  if (element === undefined) return { cost: scale(size, perCharacter) };
  if (element.kind !== "string" && element.kind !== "bytes") return { cost: multiply(size, fixed(1)) };
  const elementSize = declaredSize(target.declared?.parameters[0]) ?? unknownSize;
  return { cost: multiply(size, add(fixed(1), scale(elementSize, perCharacter))) };
};

const replace: Estimate = (target, [from, to]) => {
  if (target === undefined || from === undefined || to === undefined) return undefined;
  const size = sizeOrUnknown(target);
  const longest = longestReplacement(size, sizeOrUnknown(from), sizeOrUnknown(to));
  const shortest = shortestReplacement(size, sizeOrUnknown(from), sizeOrUnknown(to));
  const count = { min: shortest.count, max: longest.count };
  const kept = { min: shortest.kept, max: longest.kept };
  return {
    cost: scale(size, 2 * perCharacter),
    size: add(multiply(count, sizeOrUnknown(to)), kept),
  };
};

interface Replacement {
  readonly count: number;
  readonly kept: number;
}

function longestReplacement(size: Range, from: Range, to: Range): Replacement {
  if (from.min === 0) return { count: Math.min(size.max + 1, unlimited), kept: size.max };
  if (to.max <= from.min) return { count: 0, kept: size.max };
  return { count: Math.ceil(size.max / from.min), kept: 0 };
}

function shortestReplacement(size: Range, from: Range, to: Range): Replacement {
  if (from.max === 0) return { count: size.min + 1, kept: size.min };
  if (from.max <= to.min) return { count: 0, kept: size.min };
  return { count: Math.ceil(size.min / from.max), kept: 0 };
}

const split: Estimate = (target, args) => {
  if (target === undefined) return undefined;
  const size = sizeOrUnknown(target);
  const limit = args[1]?.node;
  const most = limit?.kind === "literal" && typeof limit.value === "bigint" ? limit.value : undefined;
  const max = most === undefined ? size.max : Number(BigInt.asUintN(64, most));
  return { cost: scale(size, 2 * perCharacter), size: { min: 0, max } };
};

const join: Estimate = (target, [separator]) => {
  if (target === undefined) return undefined;
  const list = sizeOrUnknown(target);
  const element = declaredSize(target.declared?.parameters[0]) ?? unknownSize;
  let size = target.type.parameters.length > 0 ? multiply(list, element) : fixed(0);
  if (separator !== undefined) {
    const separators = { min: Math.max(0, list.min - 1), max: Math.max(0, list.max - 1) };
    size = add(size, multiply(sizeOrUnknown(separator), separators));
  }
  return { cost: scale(size, perCharacter), size };
};

const selector: Estimate = (_, [argument]) => {
  if (argument === undefined) return undefined;
  const size = sizeOrUnknown(argument);
  const requirements = scale(scale(size, 0.5), listCost + structCost);
  return { cost: add(fixed(listCost), scale(size, perCharacter), requirements) };
};

const addressBytes: Range = { min: 4, max: 16 };

const containsIp: Estimate = (_, [other], overload) => {
  if (other === undefined) return undefined;
  const compared = scale(add(addressBytes, addressBytes), perCharacter);
  if (overload !== "cidr_contains_ip_string") return { cost: compared };
  return { cost: add(compared, scale(sizeOrUnknown(other), perCharacter)) };
};

const containsCidr: Estimate = (_, [other], overload) => {
  if (other === undefined) return undefined;
  const compared = scale(add(addressBytes, addressBytes), perCharacter);
  const cost = add(compared, scale(addressBytes, perCharacter), fixed(1));
  if (overload !== "cidr_contains_cidr_string") return { cost };
  return { cost: add(cost, scale(sizeOrUnknown(other), perCharacter)) };
};

/** The longest regular expression of a named format. */
const formatRegexSize = 128;

const byName: ReadonlyMap<string, Estimate> = new Map([
  ["check", () => ({ cost: fixed(authorizerCheckCost) })] as const,
  ["fieldSelector", selector] as const,
  ["labelSelector", selector] as const,
  ...["isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"].map((name) => [name, traverseList] as const),
  ["url", scanArgumentKeepingSize] as const,
  ["jsonpatch.escapeKey", scanArgumentKeepingSize] as const,
  ...["lowerAscii", "upperAscii", "substring", "trim"].map((name) => [name, scanTarget] as const),
  ["replace", replace] as const,
  ["split", split] as const,
  ["join", join] as const,
  ["find", find] as const,
  ["findAll", find] as const,
  ...["cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver"].map((n) => [n, scanArgument] as const),
  ["ip", (target, args, id) => (id === "cidr_ip" ? { cost: fixed(1) } : scanArgument(target, args, id))] as const,
  [
    "ip.isCanonical",
    (_, [argument]) => argument && { cost: scale(sizeOrUnknown(argument), 2 * perCharacter) },
  ] as const,
  ["containsIP", containsIp] as const,
  ["containsCIDR", containsCidr] as const,
  [
    "validate",
    (_, [argument]) =>
      argument && {
        cost: scale(scale(sizeOrUnknown(argument), perCharacter), formatRegexSize * perRegexCharacter),
      },
  ] as const,
  ["_==_", equality] as const,
] satisfies readonly (readonly [string, Estimate])[]);

const constantEquality = new Set([
  "net.IP",
  "net.CIDR",
  "kubernetes.Quantity",
  "kubernetes.Semver",
  "kubernetes.authorization.Authorizer",
  "kubernetes.authorization.PathCheck",
  "kubernetes.authorization.GroupCheck",
  "kubernetes.authorization.ResourceCheck",
  "kubernetes.authorization.Decision",
]);

function equality(_: Estimated | undefined, [left, right]: readonly Estimated[]): CallEstimate | undefined {
  if (left === undefined || right === undefined || left.type.name !== right.type.name) return undefined;
  if (constantEquality.has(left.type.name)) return { cost: fixed(1) };
  if (left.type.name === "kubernetes.NamedFormat") return { cost: scale({ min: 1, max: 64 }, perCharacter) };
  if (left.type.name !== "kubernetes.URL") return undefined;
  return { cost: scale({ min: 1, max: right.size?.max ?? 1 }, perCharacter) };
}

const add2: Estimate = (_, [left, right], overload) => {
  if (left === undefined || right === undefined) return undefined;
  const size = add(sizeOrUnknown(left), sizeOrUnknown(right));
  const cost = overload === "add_list" ? fixed(1) : scale(size, perCharacter);
  return { cost, size, entries: unionEntries(left.entries, right.entries) };
};

const compare: Estimate = (_, [left, right]) => {
  if (left === undefined || right === undefined) return undefined;
  const max = Math.min(sizeOrUnknown(left).max, sizeOrUnknown(right).max);
  return { cost: scale({ min: max > 0 ? 1 : 0, max }, perCharacter) };
};

const bytesFromText: Estimate = (_, [argument]) => {
  if (argument === undefined) return undefined;
  const size = sizeOrUnknown(argument);
  return { cost: scale(size, perCharacter), size: { min: size.min, max: Math.min(size.max * 4, unlimited) } };
};

const textFromBytes: Estimate = (_, [argument]) => {
  if (argument === undefined) return undefined;
  const size = sizeOrUnknown(argument);
  return { cost: scale(size, perCharacter), size: { min: Math.floor(size.min / 4), max: size.max } };
};

const quote: Estimate = (_, [argument]) => {
  if (argument === undefined) return undefined;
  const size = sizeOrUnknown(argument);
  return { cost: scale(size, perCharacter), size: { min: size.min + 2, max: Math.min(size.max * 2 + 2, unlimited) } };
};

const contains: Estimate = (target, [part]) =>
  target &&
  part && { cost: multiply(scale(sizeOrUnknown(target), perCharacter), scale(sizeOrUnknown(part), perCharacter)) };

const matches: Estimate = (target, [pattern]) =>
  target && pattern && { cost: regexCost(sizeOrUnknown(target), sizeOrUnknown(pattern)) };

const byStandard: ReadonlyMap<string, Estimate> = new Map([
  ["string_format", (target) => target && { cost: scale(sizeOrUnknown(target), perCharacter) }] as const,
  ["string_to_bytes", bytesFromText] as const,
  ["bytes_to_string", textFromBytes] as const,
  ["strings_quote", quote] as const,
  ["starts_with_string", scanArgument] as const,
  ["ends_with_string", scanArgument] as const,
  ["in_list", (_, [, list]) => list && { cost: scale(sizeOrUnknown(list), 1) }] as const,
  ["matches_string", matches] as const,
  ["contains_string", contains] as const,
  ...["add_string", "add_bytes", "add_list"].map((id) => [id, add2] as const),
  ...["less", "greater", "less_equals", "greater_equals"].flatMap((name) =>
    ["string", "bytes"].map((type) => [`${name}_${type}`, compare] as const),
  ),
  ["equals", compare] as const,
  ["not_equals", compare] as const,
] satisfies readonly (readonly [string, Estimate])[]);

function allocating(factor: number, size: Range): CallEstimate {
  return { cost: add(scale(size, factor), fixed(1 + listCost)), size };
}

function literalOr(node: Estimated | undefined, otherwise: number): number {
  const value = node?.node.kind === "literal" ? node.node.value : undefined;
  return typeof value === "bigint" && value >= 0n ? Number(value) : otherwise;
}

const slice: Estimate = (target, [start, end]) => {
  if (target === undefined) return undefined;
  const count = literalOr(end, sizeOrUnknown(target).max) - literalOr(start, 0);
  return allocating(1, fixed(count < 0 ? unlimited : count));
};

const distinct: Estimate = (target) => target && allocating(2, multiply(sizeOrUnknown(target), sizeOrUnknown(target)));

const byOverload: ReadonlyMap<string, Estimate> = new Map([
  ["list_slice", slice] as const,
  ["lists_range", (_, [count]) => allocating(1, fixed(literalOr(count, unlimited)))] as const,
  ["list_reverse", (target) => target && allocating(1, sizeOrUnknown(target))] as const,
  ["list_flatten", (target) => target && allocating(1, sizeOrUnknown(target))] as const,
  [
    "list_flatten_int",
    (target, [depth]) => target && allocating(literalOr(depth, unlimited), sizeOrUnknown(target)),
  ] as const,
  ["list_distinct", distinct] as const,
  ["list_sets_contains_list", sets(1)] as const,
  ["list_sets_intersects_list", sets(1)] as const,
  ["list_sets_equivalent_list", sets(2)] as const,
] satisfies readonly (readonly [string, Estimate])[]);

function sets(factor: number): Estimate {
  return (_, [left, right]) =>
    left && right && { cost: add(scale(multiply(sizeOrUnknown(left), sizeOrUnknown(right)), factor), fixed(1)) };
}

/** Sorting has an overload for each type of element. */
function suffixed(overload: string): Estimate | undefined {
  if (!overload.startsWith("list_")) return undefined;
  const factor = /^list_(string|bytes)_/.test(overload) ? 2 + perCharacter : 2;
  if (overload.endsWith("_sort")) {
    return (target) => target && allocating(factor, multiply(sizeOrUnknown(target), sizeOrUnknown(target)));
  }
  if (!overload.endsWith("_sortByAssociatedKeys")) return undefined;
  return (_, [keys]) => keys && allocating(factor, multiply(sizeOrUnknown(keys), sizeOrUnknown(keys)));
}
