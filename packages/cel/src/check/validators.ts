/** What is refused although its types fit. Source: cel-go's cel/validator.go, ext/formatting.go; which apply: environment/base.go. */

import { pushAll } from "@kubets/apimachinery";
import { isRegex } from "../library/regex.ts";
import type { Call, ListNode, MapNode, Node } from "../parse/ast.ts";
import { maxTimestamp, minTimestamp, parseGoDuration, parseTimestamp, second } from "../time.ts";
import { formatType, type Type, type TypeKind } from "../types.ts";
import type { CelValue } from "../value.ts";
import type { Checked, Problem } from "./checker.ts";
import { sameType } from "./unify.ts";

const literals: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ["duration", (text) => parseGoDuration(text) !== undefined],
  ["timestamp", (text) => parseTimestamp(text) !== undefined],
  ["matches", isRegex],
]);

export function validate(checked: Checked): Problem[] {
  const problems: Problem[] = [];
  const visited = new Set<Node>();
  visit(checked.root, false);
  return problems;

  function visit(node: Node, inFormat: boolean): void {
    if (visited.has(node)) return;
    visited.add(node);
    if (node.kind === "call") pushAll(problems, [...checkLiteral(node), ...checkFormat(checked, node)]);
    if (!inFormat && node.kind === "list") pushAll(problems, checkList(checked, node));
    if (!inFormat && node.kind === "map") pushAll(problems, checkMap(checked, node));
    const exempt = inFormat || (node.kind === "call" && node.name === "format");
    for (const child of childrenOf(node)) visit(child, exempt);
  }
}

function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case "literal":
    case "ident":
      return [];
    case "select":
      return [node.operand];
    case "call":
      return node.target === undefined ? node.args : [node.target, ...node.args];
    case "list":
      return node.elements;
    case "map":
      return node.entries.flatMap(({ key, value }) => [key, value]);
    case "struct":
      return node.fields.map(({ value }) => value);
    case "comprehension":
      return [node.range, node.init, node.condition, node.step, node.result];
  }
}

function checkLiteral({ name, args }: Call): Problem[] {
  const argument = args[0];
  const isValid = literals.get(name);
  if (isValid === undefined || argument?.kind !== "literal") return [];
  const { value } = argument;
  const fine = typeof value === "string" ? isValid(value) : name !== "timestamp" || isTimestamp(value);
  return fine ? [] : [{ at: argument.at, message: `invalid ${name} argument` }];
}

function isTimestamp(value: CelValue): boolean {
  if (typeof value !== "bigint") return true;
  return value * second >= minTimestamp && value * second <= maxTimestamp;
}

function mismatch(node: Node, wanted: Type, found: Type): Problem {
  return { at: node.at, message: `expected type '${formatType(wanted)}' but found '${formatType(found)}'` };
}

function checkList(checked: Checked, { elements, optional }: ListNode): Problem[] {
  let wanted: Type | undefined;
  for (const [i, element] of elements.entries()) {
    const type = entryType(checked, element, optional.has(i));
    wanted ??= type;
    if (!sameType(wanted, type)) return [mismatch(element, wanted, type)];
  }
  return [];
}

function entryType(checked: Checked, node: Node, optional: boolean): Type {
  const type = checked.typeOf(node);
  return optional ? (type.parameters[0] ?? type) : type;
}

function checkMap(checked: Checked, { entries }: MapNode): Problem[] {
  const [first] = entries;
  if (first === undefined) return [];
  const keyType = checked.typeOf(first.key);
  const valueType = entryType(checked, first.value, first.optional);
  return entries.flatMap(({ key, value, optional }) => {
    const types: [Node, Type, Type][] = [
      [key, keyType, checked.typeOf(key)],
      [value, valueType, entryType(checked, value, optional)],
    ];
    return types.flatMap(([node, wanted, found]) => (sameType(wanted, found) ? [] : [mismatch(node, wanted, found)]));
  });
}

const integers: readonly TypeKind[] = ["int", "uint"];
const verbs: ReadonlyMap<string, { kinds: readonly TypeKind[]; complaint: string }> = new Map([
  ["d", { kinds: integers, complaint: "decimal clause can only be used on integers" }],
  ["f", { kinds: ["double", "string"], complaint: "fixed-point clause can only be used on doubles" }],
  ["e", { kinds: ["double", "string"], complaint: "scientific clause can only be used on doubles" }],
  ["b", { kinds: [...integers, "bool"], complaint: "only integers and bools can be formatted as binary" }],
  [
    "x",
    {
      kinds: [...integers, "string", "bytes"],
      complaint: "only integers, byte buffers, and strings can be formatted as hex",
    },
  ],
  ["o", { kinds: integers, complaint: "octal clause can only be used on integers" }],
]);

const clause = /%(?:\.\d*)?(.)?/gsu;

/** A format and a list of arguments that are both written out are held against each other. */
function checkFormat(checked: Checked, { name, target, args }: Call): Problem[] {
  const list = args[0];
  if (name !== "format" || target?.kind !== "literal" || typeof target.value !== "string" || list?.kind !== "list")
    return [];
  const at = list.at;
  let used = 0;
  for (const [, verb] of target.value.matchAll(clause)) {
    if (verb === "%") continue;
    if (verb === undefined) return [{ at, message: "could not parse formatting clause: unexpected end of string" }];
    const argument = list.elements[used];
    if (argument === undefined) return [{ at, message: `index ${used} out of range` }];
    used++;
    const problem = checkClause(checked, verb, argument);
    if (problem !== undefined) return [problem];
  }
  if (list.elements.length <= used) return [];
  const counts = `expected ${used}, got ${list.elements.length}`;
  return [{ at, message: `too many arguments supplied to string.format (${counts})` }];
}

function checkClause(checked: Checked, verb: string, argument: Node): Problem | undefined {
  if (verb === "s") return undefined;
  const rule = verbs.get(verb === "X" ? "x" : verb);
  if (rule === undefined) {
    const message = `could not parse formatting clause: unrecognized formatting clause "${verb}"`;
    return { at: argument.at, message };
  }
  const type = checked.typeOf(argument);
  if (type.kind === "dyn" || rule.kinds.includes(type.kind)) return undefined;
  return { at: argument.at, message: `error during formatting: ${rule.complaint}, was given ${type.name}` };
}
