/** The nft script that turns one ruleset into another, as one transaction: only what changed is written. */

import { pushAll } from "@kubets/apimachinery";
import { baseDeclarations, hookChains, type Ruleset, tableName } from "./ruleset.ts";

/** From nothing known: whatever an earlier run left is thrown away first. */
export function fullTransaction(family: "ip" | "ip6", wanted: Ruleset): string {
  const table = `${family} ${tableName}`;
  const empty: Ruleset = { chains: new Map(), elements: new Map(), affinitySets: new Map() };
  const head = [`add table ${table}`, `delete table ${table}`, ...baseDeclarations(family)];
  return `${head.join("\n")}\n${changeTransaction(family, empty, wanted)}`;
}

/** "" when nothing changed. */
export function changeTransaction(family: "ip" | "ip6", present: Ruleset, wanted: Ruleset): string {
  const table = `${family} ${tableName}`;
  const lines: string[] = [];
  const hooks = new Set(hookChains);
  // What is referred to must exist before the rules that refer to it, and must lose them before it goes.
  for (const [name, declaration] of wanted.affinitySets) {
    const before = present.affinitySets.get(name);
    if (before !== undefined && before !== declaration) lines.push(`flush set ${table} ${name}`);
    if (before === undefined) lines.push(`add set ${table} ${name} ${declaration}`);
  }
  for (const name of wanted.chains.keys())
    if (!present.chains.has(name) && !hooks.has(name)) lines.push(`add chain ${table} ${name}`);
  for (const [name, rules] of wanted.chains) {
    const before = present.chains.get(name);
    if (before !== undefined && sameRules(before, rules)) continue;
    if (before !== undefined) lines.push(`flush chain ${table} ${name}`);
    for (const rule of rules) lines.push(`add rule ${table} ${name} ${rule}`);
  }
  pushAll(lines, elementChanges(table, present, wanted));
  const gone = [...present.chains.keys()].filter((name) => !wanted.chains.has(name));
  for (const name of gone) lines.push(`flush chain ${table} ${name}`);
  for (const name of gone) lines.push(`delete chain ${table} ${name}`);
  for (const name of present.affinitySets.keys())
    if (!wanted.affinitySets.has(name)) lines.push(`delete set ${table} ${name}`);
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function elementChanges(table: string, present: Ruleset, wanted: Ruleset): string[] {
  const lines: string[] = [];
  for (const [name, elements] of wanted.elements) {
    const before = present.elements.get(name) ?? new Map<string, string>();
    const removed = [...before].filter(([key, verdict]) => elements.get(key) !== verdict).map(([key]) => key);
    const added = [...elements].filter(([key, verdict]) => before.get(key) !== verdict);
    if (removed.length > 0) lines.push(`delete element ${table} ${name} { ${removed.join(" , ")} }`);
    if (added.length > 0)
      lines.push(
        `add element ${table} ${name} { ${added.map(([key, verdict]) => (verdict === "" ? key : `${key} : ${verdict}`)).join(" , ")} }`,
      );
  }
  return lines;
}

function sameRules(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((rule, i) => rule === b[i]);
}
