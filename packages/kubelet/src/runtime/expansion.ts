/**
 * `$(NAME)` in environment values, commands and arguments. `$$(NAME)` is a literal `$(NAME)`; a name nobody knows stays as written.
 * Source: the API documentation of Container.command.
 */
export function expand(input: string, lookup: (name: string) => string | undefined): string {
  let result = "";
  for (let at = 0; at < input.length; ) {
    const dollar = input.indexOf("$", at);
    if (dollar < 0 || dollar + 1 >= input.length) return result + input.slice(at);
    result += input.slice(at, dollar);
    const next = input[dollar + 1]!;
    if (next === "$") {
      result += "$";
      at = dollar + 2;
    } else if (next === "(") {
      const close = input.indexOf(")", dollar + 2);
      if (close < 0) {
        result += "$(";
        at = dollar + 2;
      } else {
        const name = input.slice(dollar + 2, close);
        result += lookup(name) ?? `$(${name})`;
        at = close + 1;
      }
    } else {
      result += `$${next}`;
      at = dollar + 2;
    }
  }
  return result;
}

/** `names` in `lookups`, first found wins. */
export function lookupIn(...maps: readonly ReadonlyMap<string, string>[]): (name: string) => string | undefined {
  return (name) => {
    for (const map of maps) {
      const value = map.get(name);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}
