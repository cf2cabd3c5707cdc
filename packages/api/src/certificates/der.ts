/** Just enough of DER to take a certificate request apart. */

export interface DerNode {
  readonly tag: number;
  /** What is inside. */
  readonly content: Uint8Array;
  /** With tag and length. */
  readonly whole: Uint8Array;
}

export class DerError extends Error {
  override readonly name = "DerError";
}

/** @throws DerError for what is cut off or not DER */
export function readDer(bytes: Uint8Array): DerNode {
  const tag = bytes[0];
  const first = bytes[1];
  if (tag === undefined || first === undefined) throw new DerError("asn1: syntax error: data truncated");
  let length = first;
  let start = 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new DerError("asn1: syntax error: invalid length");
    length = 0;
    for (const byte of bytes.subarray(2, 2 + count)) length = length * 256 + byte;
    start += count;
  }
  if (start + length > bytes.length) throw new DerError("asn1: syntax error: data truncated");
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(0, start + length) };
}

/** The parts of a SEQUENCE or SET. @throws DerError */
export function derChildren({ content }: DerNode): DerNode[] {
  const nodes: DerNode[] = [];
  for (let at = 0; at < content.length; ) {
    const node = readDer(content.subarray(at));
    nodes.push(node);
    at += node.whole.length;
  }
  return nodes;
}

/** `1.2.840.113549.1.1.11`. */
export function derObjectIdentifier({ content }: DerNode): string {
  const [first = 0] = content;
  const parts = [Math.min(Math.floor(first / 40), 2)];
  parts.push(first - parts[0]! * 40);
  let value = 0;
  for (const byte of content.subarray(1)) {
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    parts.push(value);
    value = 0;
  }
  return parts.join(".");
}
