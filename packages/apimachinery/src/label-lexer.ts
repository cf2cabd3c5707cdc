/** Words of a label selector. `in` and `notin` are identifiers here: only their place makes them operators. */

export interface SelectorToken {
  readonly type: "identifier" | "operator" | "!" | "," | "(" | ")" | "end" | "error";
  readonly text: string;
}

const special = new Set("=!(),><");
const space = new Set(" \t\r\n");
const operators = ["==", "!=", "=", ">", "<"];

export function lexSelector(text: string): SelectorToken[] {
  const tokens: SelectorToken[] = [];
  let at = 0;
  while (at < text.length) {
    const c = text[at]!;
    if (space.has(c)) {
      at++;
      continue;
    }
    const token = special.has(c) ? specialToken(text, at) : identifier(text, at);
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ type: "end", text: "" });
  return tokens;
}

function specialToken(text: string, at: number): SelectorToken {
  const operator = operators.find((o) => text.startsWith(o, at));
  if (operator !== undefined) return { type: "operator", text: operator };
  const c = text[at] as "!" | "," | "(" | ")";
  return { type: c, text: c };
}

function identifier(text: string, at: number): SelectorToken {
  let end = at;
  while (end < text.length && !special.has(text[end]!) && !space.has(text[end]!)) end++;
  return { type: "identifier", text: text.slice(at, end) };
}
