/** How this program starts another of itself. */

/**
 * @param semiSpaceMB how large V8's young generation may grow, in MB per half. Node's 16 costs 15 MB in each idle process and 60 MB after a
 * load, and made the API server no faster (3,000 creates and gets: within 5 %).
 */
export function kubetsCommand(semiSpaceMB: number, ...args: string[]): string[] {
  const main = new URL("../../../../cmd/kubets/main.ts", import.meta.url).pathname;
  return [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    `--max-semi-space-size=${semiSpaceMB}`,
    main,
    ...args,
  ];
}
