/** Names of properties as identifiers. Source: k8s.io/apiserver/pkg/cel/escaping.go. */

/** No variable can have these names: cel-go's parser refuses them, and properties that have them are escaped. */
export const reservedWords: ReadonlySet<string> = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

const plain = /^[A-Za-z_][A-Za-z0-9_]*$/;
const escapable = /^[A-Za-z_./-][A-Za-z0-9_./-]*$/;
const escapes: Readonly<Record<string, string>> = {
  __: "__underscores__",
  ".": "__dot__",
  "-": "__dash__",
  "/": "__slash__",
};
const unescapes: Readonly<Record<string, string>> = { underscores: "__", dot: ".", dash: "-", slash: "/" };

/** The identifier for a property, or undefined for a property that expressions cannot reach. */
export function escapeName(name: string): string | undefined {
  if (reservedWords.has(name)) return `__${name}__`;
  if (plain.test(name) && !name.includes("__")) return name;
  if (!escapable.test(name)) return undefined;
  return name.replaceAll(/__|[./-]/g, (found) => escapes[found]!);
}

/** The field of a name; one whose name is a keyword may be named as it is. */
export function findField<T>(fields: ReadonlyMap<string, T> | undefined, name: string): T | undefined {
  return fields?.get(name) ?? (reservedWords.has(name) ? fields?.get(`__${name}__`) : undefined);
}

/** The property an identifier stands for, or undefined when it has an escape that means nothing. */
export function unescapeName(name: string): string | undefined {
  if (!name.includes("__")) return name;
  let valid = true;
  const result = name.replaceAll(/__([^_]+)__/g, (found, inner: string) => {
    const plainText = Object.hasOwn(unescapes, inner) ? unescapes[inner] : undefined;
    if (plainText !== undefined) return plainText;
    if (!reservedWords.has(inner) || found.length !== name.length) valid = false;
    return inner;
  });
  return valid ? result : undefined;
}
