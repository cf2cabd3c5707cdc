/** How this program starts another of itself. */

export function kubetsCommand(...args: string[]): string[] {
  const main = new URL("../../../../cmd/kubets/main.ts", import.meta.url).pathname;
  return [process.execPath, "--disable-warning=ExperimentalWarning", main, ...args];
}
