/**
 * Values as YAML, as Go's sigs.k8s.io/yaml writes them: keys in its order, lists no deeper than their key, text bare where it stays text. Long lines
 * are not folded. A general library takes ten times as long, which for the largest object is the patience of everyone else.
 */

/** A whole document. */
export function writeYaml(value: unknown): string {
  const writer = new YamlWriter();
  writer.document(value);
  return writer.text;
}

/** One item of the list that a key of the document has, with its dash. */
export function writeYamlItem(value: unknown): string {
  const writer = new YamlWriter();
  writer.item(value, 0);
  return writer.text;
}

/** Go's writer makes longer keys explicit; readers need not look further for the colon than 1024. */
const maxSimpleKey = 128;

type Entries = readonly (readonly [string, unknown])[];

class YamlWriter {
  text = "";

  document(value: unknown): void {
    if (Array.isArray(value) && value.length > 0) this.#list(value, 0, false);
    else if (isFilledObject(value)) this.#map(entriesOf(value), 0, false);
    else this.text += `${scalar(value, 0)}\n`;
  }

  item(value: unknown, indent: number): void {
    this.text += "- ";
    if (Array.isArray(value) && value.length > 0) this.#list(value, indent + 2, true);
    else if (isFilledObject(value)) this.#map(entriesOf(value), indent + 2, true);
    else this.text += `${scalar(value, indent)}\n`;
  }

  /** @param inline its first line goes on where the text ends */
  #list(items: readonly unknown[], indent: number, inline: boolean): void {
    const margin = " ".repeat(indent);
    for (const [index, item] of items.entries()) {
      if (index > 0 || !inline) this.text += margin;
      this.item(item, indent);
    }
  }

  #map(entries: Entries, indent: number, inline: boolean): void {
    const margin = " ".repeat(indent);
    for (const [index, [key, value]] of entries.entries()) {
      if (value === undefined) continue;
      if (index > 0 || !inline) this.text += margin;
      const isLong = key.length > maxSimpleKey;
      this.text += isLong ? `? ${keyText(key)}\n${margin}:` : `${keyText(key)}:`;
      if (Array.isArray(value) && value.length > 0) {
        this.text += "\n";
        this.#list(value, isLong ? indent + 2 : indent, false);
      } else if (isFilledObject(value)) {
        this.text += "\n";
        this.#map(entriesOf(value), indent + 2, false);
      } else this.text += ` ${scalar(value, indent)}\n`;
    }
  }
}

function isFilledObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  for (const key in value) if (Object.hasOwn(value, key)) return true;
  return false;
}

function entriesOf(value: object): Entries {
  return Object.entries(value).sort(([a], [b]) => compareYamlKeys(a, b));
}

const letter = /\p{L}/u;
const isLetter = (c: string): boolean =>
  c < "\x80" ? (c >= "a" && c <= "z") || (c >= "A" && c <= "Z") : letter.test(c);
const isDigit = (c: string | undefined): boolean => c !== undefined && c >= "0" && c <= "9";

/** Go's order of keys: numbers in them by value, letters behind everything else. */
export function compareYamlKeys(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  let at = 0;
  while (at < shorter && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at === shorter) return a.length - b.length;
  const [x, y] = [a[at]!, b[at]!];
  const [xIsLetter, yIsLetter] = [isLetter(x), isLetter(y)];
  if (xIsLetter && yIsLetter) return x < y ? -1 : 1;
  if (xIsLetter || yIsLetter) return isDigit(a[at - 1]) === xIsLetter ? -1 : 1;
  return compareNumbers(a, b, at) || (x < y ? -1 : 1);
}

/** Of the runs of digits that differ first at `at`; 0 when that decides nothing. */
function compareNumbers(a: string, b: string, at: number): number {
  let [endA, endB] = [at, at];
  while (isDigit(a[endA])) endA++;
  while (isDigit(b[endB])) endB++;
  // A digit in front that is no zero makes zeros count.
  let start = at;
  if (a[at] === "0" || b[at] === "0") while (isDigit(a[start - 1])) start--;
  const [m, n] = [a, b].map((text, i) => text.slice(start, i === 0 ? endA : endB).replace(/^0+/, "")) as [
    string,
    string,
  ];
  if (m.length !== n.length) return m.length - n.length;
  if (m !== n) return m < n ? -1 : 1;
  return endA - endB;
}

function keyText(key: string): string {
  return key.includes("\n") ? JSON.stringify(key) : textScalar(key);
}

function scalar(value: unknown, indent: number): string {
  if (typeof value === "string") return value.includes("\n") ? block(value, indent) : textScalar(value);
  if (typeof value === "bigint") return value.toString();
  if (value === null || value === undefined) return "null";
  if (typeof value === "object") return Array.isArray(value) ? "[]" : "{}";
  return String(value);
}

/** Nothing in it means anything, wherever it stands: most text. */
const simple = /^[A-Za-z/][\w./@-]*$/;
/** Words that YAML 1.1, or a reader of it, takes for something else. */
const words = /^(?:~|\.|<<|=|null|y|n|yes|no|on|off|true|false|e[-+]?\d[\d_]*)$/i;
/** More than YAML 1.1's numbers and times: quoting too much changes nothing. */
const numeric = /^[-+.]?(?:[\d_]|\.?inf$|\.?nan$)[\d_.:xobaA-fF+\-eETtZz ]*$|^[-+]?\.(?:inf|nan)$/i;
/** What may not begin bare text. */
const indicator = /^(?:[,[\]{}#&*!|>'"%@`]|[-?:](?:\s|$)|---|\.\.\.)/;
/** Not printable, or printable and yet in need of an escape. */
const special = /[\p{Cc}\p{Cs}\u2028\u2029\ufeff\ufffe\uffff]/u;

function textScalar(text: string): string {
  if (simple.test(text) && !words.test(text)) return text;
  if (text === "" || words.test(text) || numeric.test(text) || special.test(text)) return quoted(text);
  if (!indicator.test(text) && !/: |:$| #|^ | $/.test(text)) return text;
  return `'${text.replaceAll("'", "''")}'`;
}

/** In JSON's escapes, which YAML has too, and YAML's own for what only JSON may leave as it is. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\p{Cc}\u2028\u2029\ufeff\ufffe\uffff]/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const specialInBlock = /(?![\t\n])[\p{Cc}\p{Cs}\u2028\u2029\ufeff\ufffe\uffff]/u;

/** Lines as they are; what has spaces at the end of them, or signs that cannot be shown, is quoted. */
function block(text: string, indent: number): string {
  if (specialInBlock.test(text) || /[ \t](?:\n|$)/.test(text)) return quoted(text);
  const margin = " ".repeat(indent + 2);
  const body = text.endsWith("\n") ? text.slice(0, -1) : text;
  // Its indentation is told where the first line's spaces would be taken for it.
  const hint = /^[\s]/.test(text) ? "2" : "";
  const end = !text.endsWith("\n") ? "-" : body === "" || body.endsWith("\n") ? "+" : "";
  return `|${hint}${end}\n${body.replace(/^(?=.)/gm, margin)}`;
}
