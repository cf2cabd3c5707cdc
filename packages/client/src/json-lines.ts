/** Splits a byte stream into the JSON values it carries, one per line: the framing of watch answers and log followers. */

/** Lines longer than this are refused: no Kubernetes object is this large. */
const maxLineBytes = 64 * 1024 * 1024;

/**
 * Yields each line as text, without its newline, as soon as it is complete. Empty lines are skipped; a last line without newline is yielded.
 * Multi-byte characters may be split over chunks.
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      pending.push(chunk.subarray(start, end));
      const line = Buffer.concat(pending).toString("utf8");
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line.trim() !== "") yield line;
    }
    if (start === chunk.length) continue;
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > maxLineBytes) throw new RangeError(`a line of a watch is longer than ${maxLineBytes} bytes`);
  }
  const rest = Buffer.concat(pending).toString("utf8");
  if (rest.trim() !== "") yield rest;
}
