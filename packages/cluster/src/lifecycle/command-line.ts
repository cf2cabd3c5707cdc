/** How this program starts another of itself. */

/**
 * With a large young generation, which makes the API server a tenth cheaper than one of 8 MB (creates, with and without watchers). What it costs
 * after a load is given back: `giveMemoryBackWhenIdle`, which wants `--expose-gc`.
 */
export function kubetsCommand(...args: string[]): string[] {
  const main = new URL("../../../../cmd/kubets/main.ts", import.meta.url).pathname;
  return [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    "--max-semi-space-size=32",
    "--expose-gc",
    main,
    ...args,
  ];
}
