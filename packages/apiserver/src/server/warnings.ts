/** How much may be said in Warning headers. Source: apiserver's endpoints/filters/warning.go. */

/** Beyond this many characters in all, each text is cut to the length below, and what exceeds it even so is left out. */
const maxTotal = 4 * 1024;
const maxEach = 256;

/** The texts, each once, that are to be sent. */
export function limitWarnings(texts: readonly string[]): string[] {
  const distinct = texts.filter((text) => text !== "");
  const total = distinct.reduce((sum, text) => sum + lengthOf(text), 0);
  if (total <= maxTotal) return distinct;
  const kept: string[] = [];
  let written = 0;
  for (const text of distinct) {
    if (written >= maxTotal) break;
    const cut = lengthOf(text) > maxEach ? [...text].slice(0, maxEach).join("") : text;
    written += lengthOf(cut);
    kept.push(cut);
  }
  return kept;
}

/** In characters, not in halves of them. */
function lengthOf(text: string): number {
  return text.length <= maxEach / 2 ? text.length : [...text].length;
}
