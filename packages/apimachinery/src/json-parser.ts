/** A JSON parser that explains: Go's wording of syntax errors, and the paths of keys given twice. An order slower than `JSON.parse`. */

import { numberOf } from "./exact-json.ts";
import { type Json, put } from "./object.ts";

/** Text that is not JSON. The message is Go's. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
}

/** @throws JsonSyntaxError */
export function parseJsonSlowly(text: string): { value: Json; duplicates: string[] } {
  return new Parser(text).parse();
}

const escapes: Record<string, string> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

class Parser {
  readonly #text: string;
  readonly #duplicates = new Set<string>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): { value: Json; duplicates: string[] } {
    const value = this.#value("");
    if (this.#space() !== "") this.#fail("after top-level value");
    return { value, duplicates: [...this.#duplicates] };
  }

  /** Skips white space; the character there, "" at the end. */
  #space(): string {
    for (;;) {
      const c = this.#text[this.#at];
      if (c !== " " && c !== "\t" && c !== "\n" && c !== "\r") return c ?? "";
      this.#at++;
    }
  }

  #fail(context: string): never {
    const c = this.#text[this.#at];
    if (c === undefined) throw new JsonSyntaxError("unexpected end of JSON input");
    // Go shows the first byte of a character that has several.
    const byte =
      c > "\u007f" ? String.fromCharCode(Buffer.from(this.#text.slice(this.#at, this.#at + 2))[0]!) : undefined;
    const shown = byte !== undefined ? byte : c === "'" ? "\\'" : c === '"' ? '"' : JSON.stringify(c).slice(1, -1);
    throw new JsonSyntaxError(`invalid character '${shown}' ${context}`);
  }

  #value(path: string): Json {
    const c = this.#space();
    if (c === "{") return this.#object(path);
    if (c === "[") return this.#array(path);
    if (c === '"') return this.#string();
    if (c === "t") return this.#literal("true", true);
    if (c === "f") return this.#literal("false", false);
    if (c === "n") return this.#literal("null", null);
    if (c === "-" || (c >= "0" && c <= "9")) return this.#number();
    return this.#fail("looking for beginning of value");
  }

  #object(path: string): Json {
    const object: Record<string, Json> = {};
    this.#at++;
    if (this.#space() === "}") {
      this.#at++;
      return object;
    }
    for (;;) {
      if (this.#space() !== '"') this.#fail("looking for beginning of object key string");
      const key = this.#string();
      if (this.#space() !== ":") this.#fail("after object key");
      this.#at++;
      const at = path === "" ? key : `${path}.${key}`;
      const value = this.#value(at);
      if (Object.hasOwn(object, key)) {
        this.#duplicates.add(`duplicate field "${at}"`);
        // It counts where it was last: problems are told in the document's order.
        delete object[key];
      }
      put(object, key, value);
      const c = this.#space();
      if (c !== "," && c !== "}") this.#fail("after object key:value pair");
      this.#at++;
      if (c === "}") return object;
    }
  }

  #array(path: string): Json {
    const array: Json[] = [];
    this.#at++;
    if (this.#space() === "]") {
      this.#at++;
      return array;
    }
    for (;;) {
      array.push(this.#value(`${path}[${array.length}]`));
      const c = this.#space();
      if (c !== "," && c !== "]") this.#fail("after array element");
      this.#at++;
      if (c === "]") return array;
    }
  }

  #string(): string {
    let value = "";
    this.#at++;
    for (;;) {
      const c = this.#text[this.#at];
      if (c === undefined || c < " ") return this.#fail("in string literal");
      this.#at++;
      if (c === '"') return value;
      value += c === "\\" ? this.#escape() : c;
    }
  }

  #escape(): string {
    const c = this.#text[this.#at] ?? "";
    if (c !== "u") {
      const escaped = Object.hasOwn(escapes, c) ? escapes[c] : undefined;
      if (escaped === undefined) return this.#fail("in string escape code");
      this.#at++;
      return escaped;
    }
    for (let i = 1; i <= 4; i++) {
      this.#at++;
      if (!/^[0-9a-fA-F]$/.test(this.#text[this.#at] ?? "")) this.#fail("in \\u hexadecimal character escape");
    }
    this.#at++;
    return String.fromCharCode(Number.parseInt(this.#text.slice(this.#at - 4, this.#at), 16));
  }

  #literal(word: string, value: Json): Json {
    for (const c of word) {
      if (this.#text[this.#at] !== c) this.#fail(`in literal ${word} (expecting '${c}')`);
      this.#at++;
    }
    return value;
  }

  #number(): number | bigint {
    const start = this.#at;
    if (this.#text[this.#at] === "-") this.#at++;
    if (this.#text[this.#at] === "0") this.#at++;
    else this.#digits("in numeric literal");
    if (this.#text[this.#at] === ".") {
      this.#at++;
      this.#digits("after decimal point in numeric literal");
    }
    if (/^[eE]$/.test(this.#text[this.#at] ?? "")) {
      this.#at++;
      if (/^[-+]$/.test(this.#text[this.#at] ?? "")) this.#at++;
      this.#digits("in exponent of numeric literal");
    }
    return numberOf(this.#text.slice(start, this.#at));
  }

  #digits(context: string): void {
    const isDigit = () => /^\d$/.test(this.#text[this.#at] ?? "");
    if (!isDigit()) this.#fail(context);
    while (isDigit()) this.#at++;
  }
}
