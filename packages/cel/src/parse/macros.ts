/** Macros: what `has`, `all`, `map` and the like become. Source: cel-go's parser/macro.go, ext/comprehensions.go, cel/library.go. */

import { accumulatorName, type Call, type Comprehension, type Node, ParseError } from "./ast.ts";

type Expand = (call: Call & { readonly target: Node }) => Node;

/** By name and number of arguments, of calls on a target. */
const receivers = new Map<string, Expand>([
  ["all/2", (call) => quantifier(call, "all")],
  ["all/3", (call) => quantifier(call, "all")],
  ["exists/2", (call) => quantifier(call, "exists")],
  ["exists/3", (call) => quantifier(call, "exists")],
  ["exists_one/2", (call) => quantifier(call, "one")],
  ["exists_one/3", (call) => quantifier(call, "one")],
  ["existsOne/2", (call) => quantifier(call, "one")],
  ["existsOne/3", (call) => quantifier(call, "one")],
  ["map/2", (call) => collect(call, undefined, call.args[1]!)],
  ["map/3", (call) => collect(call, call.args[1]!, call.args[2]!)],
  ["filter/2", (call) => collect(call, call.args[1]!, call.args[0]!)],
  ["transformList/3", transformList],
  ["transformList/4", transformList],
  ["transformMap/3", (call) => transformMap(call, true)],
  ["transformMap/4", (call) => transformMap(call, true)],
  ["transformMapEntry/3", (call) => transformMap(call, false)],
  ["transformMapEntry/4", (call) => transformMap(call, false)],
  ["optMap/2", (call) => optionalMap(call, true)],
  ["optFlatMap/2", (call) => optionalMap(call, false)],
  ["sortBy/2", sortBy],
]);

/** What a call becomes, itself where it is no macro. @throws ParseError */
export function expandMacro(call: Call): Node {
  if (call.target !== undefined) {
    const expand = receivers.get(`${call.name}/${call.args.length}`);
    return expand === undefined ? call : expand({ ...call, target: call.target });
  }
  if (call.name !== "has" || call.args.length !== 1) return call;
  const argument = call.args[0]!;
  if (argument.kind === "select" && !argument.test) return { ...argument, at: call.at, test: true };
  throw new ParseError(argument.at, "invalid argument to has() macro");
}

/** {@link expandMacro}, and `cel.bind(name, value, expression)`. Source: cel-go's ext/bindings.go. */
export function expandBinding(call: Call): Node {
  const { target, name, args, at } = call;
  if (target?.kind !== "ident" || target.name !== "cel" || name !== "bind" || args.length !== 3)
    return expandMacro(call);
  const [variable, value, result] = args as [Node, Node, Node];
  if (variable.kind !== "ident") {
    throw new ParseError(variable.at, "cel.bind() variable names must be simple identifiers");
  }
  return builder(at).bind(variable.name, value, result);
}

function variableName(node: Node, at: number): string {
  if (node.kind !== "ident") throw new ParseError(node.at, "argument is not an identifier");
  if (node.name === accumulatorName || node.name === "__result__")
    throw new ParseError(at, "iteration variable overwrites accumulator variable");
  return node.name;
}

function twoVariables(call: Call): { variable: string; variable2: string } {
  const variable = variableName(call.args[0]!, call.args[0]!.at);
  const variable2 = variableName(call.args[1]!, call.args[1]!.at);
  if (variable === variable2) throw new ParseError(call.args[1]!.at, `duplicate variable name: ${variable}`);
  return { variable, variable2 };
}

/** Builds nodes at the place of the macro. */
function builder(at: number) {
  const call = (name: string, ...args: Node[]): Call => ({ kind: "call", at, name, args });
  return {
    accumulated: { kind: "ident", at, name: accumulatorName } satisfies Node,
    literal: (value: boolean | bigint): Node => ({ kind: "literal", at, value }),
    list: (...elements: Node[]): Node => ({ kind: "list", at, elements, optional: new Set() }),
    ident: (name: string): Node => ({ kind: "ident", at, name }),
    call,
    member: (name: string, target: Node, ...args: Node[]): Call => ({ kind: "call", at, name, target, args }),
    fold: (
      range: Node,
      variables: { variable: string; variable2?: string },
      init: Node,
      condition: Node,
      step: Node,
      result: Node,
    ): Comprehension => ({
      kind: "comprehension",
      at,
      range,
      ...variables,
      accumulator: accumulatorName,
      init,
      condition,
      step,
      result,
    }),
    bind: (name: string, value: Node, result: Node): Comprehension => ({
      kind: "comprehension",
      at,
      range: { kind: "list", at, elements: [], optional: new Set() },
      variable: "#unused",
      accumulator: name,
      init: value,
      condition: { kind: "literal", at, value: false },
      step: { kind: "ident", at, name },
      result,
    }),
  };
}

function quantifier(call: Call & { target: Node }, which: "all" | "exists" | "one"): Node {
  const b = builder(call.at);
  const variables =
    call.args.length === 3 ? twoVariables(call) : { variable: variableName(call.args[0]!, call.args[0]!.at) };
  const predicate = call.args.at(-1)!;
  const accumulated = b.accumulated;
  if (which === "all") {
    const going = b.call("@not_strictly_false", accumulated);
    const step = b.call("_&&_", accumulated, predicate);
    return b.fold(call.target, variables, b.literal(true), going, step, accumulated);
  }
  if (which === "exists") {
    const going = b.call("@not_strictly_false", b.call("!_", accumulated));
    const step = b.call("_||_", accumulated, predicate);
    return b.fold(call.target, variables, b.literal(false), going, step, accumulated);
  }
  const step = b.call("_?_:_", predicate, b.call("_+_", accumulated, b.literal(1n)), accumulated);
  return b.fold(
    call.target,
    variables,
    b.literal(0n),
    b.literal(true),
    step,
    b.call("_==_", accumulated, b.literal(1n)),
  );
}

function collect(call: Call & { target: Node }, filter: Node | undefined, element: Node): Node {
  const b = builder(call.at);
  const variables = { variable: variableName(call.args[0]!, call.args[0]!.at) };
  return gather(b, call.target, variables, filter, b.call("_+_", b.accumulated, b.list(element)), b.list());
}

function gather(
  b: ReturnType<typeof builder>,
  range: Node,
  variables: { variable: string; variable2?: string },
  filter: Node | undefined,
  add: Node,
  init: Node,
): Node {
  const step = filter === undefined ? add : b.call("_?_:_", filter, add, b.accumulated);
  return b.fold(range, variables, init, b.literal(true), step, b.accumulated);
}

function transformList(call: Call & { target: Node }): Node {
  const b = builder(call.at);
  const add = b.call("_+_", b.accumulated, b.list(call.args.at(-1)!));
  const filter = call.args.length === 4 ? call.args[2] : undefined;
  return gather(b, call.target, twoVariables(call), filter, add, b.list());
}

function transformMap(call: Call & { target: Node }, keepKey: boolean): Node {
  const b = builder(call.at);
  const variables = twoVariables(call);
  const what = keepKey ? [b.ident(variables.variable), call.args.at(-1)!] : [call.args.at(-1)!];
  const add = b.call("cel.@mapInsert", b.accumulated, ...what);
  const filter = call.args.length === 4 ? call.args[2] : undefined;
  return gather(b, call.target, variables, filter, add, { kind: "map", at: call.at, entries: [] });
}

function optionalMap(call: Call & { target: Node }, wrap: boolean): Node {
  const b = builder(call.at);
  const [variable, result] = call.args as [Node, Node];
  if (variable.kind !== "ident") {
    const name = wrap ? "optMap" : "optFlatMap";
    throw new ParseError(variable.at, `${name}() variable name must be a simple identifier`);
  }
  const bound = b.bind(variable.name, b.member("value", call.target), result);
  const present = wrap ? b.call("optional.of", bound) : bound;
  return b.call("_?_:_", b.member("hasValue", call.target), present, b.call("optional.none"));
}

function sortBy(call: Call & { target: Node }): Node {
  const b = builder(call.at);
  const { target } = call;
  if (target.kind === "literal" || target.kind === "map" || target.kind === "struct") {
    const why = "sortBy can only be applied to a list, identifier, comprehension, call or select expression";
    throw new ParseError(target.at, why);
  }
  const input = b.ident("@__sortBy_input__");
  const keys = collect({ ...call, target: input }, undefined, call.args[1]!);
  return b.bind("@__sortBy_input__", target, b.member("@sortByAssociatedKeys", input, keys));
}
