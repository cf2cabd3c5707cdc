/** Tar archives in memory: POSIX ustar with GNU long names, which is what dpkg writes and every container tool reads. */

export interface TarEntry {
  /** Relative, without a leading `./` or a closing slash. */
  readonly path: string;
  readonly type: "file" | "directory" | "symlink" | "hardlink" | "character" | "block" | "fifo";
  /** Permission bits, with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Where a symlink or hard link points. */
  readonly target?: string;
  readonly data?: Buffer;
  readonly deviceMajor?: number;
  readonly deviceMinor?: number;
}

const blockSize = 512;
const typeFlags = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
} as const satisfies Record<TarEntry["type"], string>;
const longTarget = "K";
const longPath = "L";

/** The archive's bytes, in the order given and with all times at `mtimeSeconds`: the same entries make the same bytes. */
export function writeTar(entries: Iterable<TarEntry>, mtimeSeconds = 0): Buffer {
  const chunks: Buffer[] = [];
  for (const entry of entries) {
    const path = entry.type === "directory" ? `${entry.path}/` : entry.path;
    for (const [flag, text] of [
      [longTarget, entry.target ?? ""],
      [longPath, path],
    ] as const) {
      if (Buffer.byteLength(text) <= 100) continue;
      const data = Buffer.from(`${text}\0`);
      chunks.push(
        header({ flag, path: "././@LongLink", size: data.length, mode: 0, uid: 0, gid: 0, mtimeSeconds }),
        padded(data),
      );
    }
    const data = entry.data ?? Buffer.alloc(0);
    chunks.push(header({ ...entry, flag: typeFlags[entry.type], path, size: data.length, mtimeSeconds }), padded(data));
  }
  chunks.push(Buffer.alloc(2 * blockSize));
  return Buffer.concat(chunks);
}

/** @throws Error when the bytes are not a tar archive, or use a kind of entry that packages do not */
export function* readTar(archive: Buffer): Generator<TarEntry> {
  let long: { path?: string; target?: string } = {};
  for (let offset = 0; offset + blockSize <= archive.length; ) {
    const block = archive.subarray(offset, offset + blockSize);
    if (block[0] === 0) return;
    const field = (start: number, length: number) => cString(block.subarray(start, start + length));
    const octal = (start: number, length: number) => Number.parseInt(field(start, length).trim() || "0", 8);
    const size = octal(124, 12);
    if (checksum(block) !== octal(148, 8)) throw new Error(`tar archive is damaged at byte ${offset}`);
    const data = archive.subarray(offset + blockSize, offset + blockSize + size);
    offset += blockSize + Math.ceil(size / blockSize) * blockSize;
    const flag = field(156, 1) || "0";
    if (flag === longPath) long = { ...long, path: cString(data) };
    else if (flag === longTarget) long = { ...long, target: cString(data) };
    else {
      const prefix = field(257, 6) === "ustar" ? field(345, 155) : "";
      const path = long.path ?? (prefix ? `${prefix}/${field(0, 100)}` : field(0, 100));
      const target = long.target ?? field(157, 100);
      long = {};
      yield {
        path: path.replace(/^\.?\//, "").replace(/\/$/, ""),
        type: typeOf(flag, path),
        mode: octal(100, 8) & 0o7777,
        uid: octal(108, 8),
        gid: octal(116, 8),
        ...(target && { target: flag === typeFlags.hardlink ? target.replace(/^\.\//, "") : target }),
        ...(size > 0 && { data }),
        deviceMajor: octal(329, 8),
        deviceMinor: octal(337, 8),
      };
    }
  }
}

interface Header {
  readonly flag: string;
  readonly path: string;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly target?: string;
  readonly deviceMajor?: number;
  readonly deviceMinor?: number;
}

function header(entry: Header): Buffer {
  const block = Buffer.alloc(blockSize);
  const put = (text: string, start: number, length: number) => block.set(Buffer.from(text).subarray(0, length), start);
  const octal = (value: number, start: number, length: number) =>
    put(`${value.toString(8).padStart(length - 1, "0")}\0`, start, length);
  put(entry.path, 0, 100);
  octal(entry.mode, 100, 8);
  octal(entry.uid, 108, 8);
  octal(entry.gid, 116, 8);
  octal(entry.size, 124, 12);
  octal(entry.mtimeSeconds, 136, 12);
  put(entry.flag, 156, 1);
  put(entry.target ?? "", 157, 100);
  put("ustar  \0", 257, 8);
  octal(entry.deviceMajor ?? 0, 329, 8);
  octal(entry.deviceMinor ?? 0, 337, 8);
  put(`${checksum(block).toString(8).padStart(6, "0")}\0 `, 148, 8);
  return block;
}

/** The sum of a header's bytes, its own checksum field taken as spaces. */
function checksum(block: Buffer): number {
  let sum = 0;
  for (let i = 0; i < blockSize; i++) sum += i >= 148 && i < 156 ? 0x20 : block[i]!;
  return sum;
}

function padded(data: Buffer): Buffer {
  const rest = data.length % blockSize;
  return rest === 0 ? data : Buffer.concat([data, Buffer.alloc(blockSize - rest)]);
}

function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end === -1 ? bytes.length : end);
}

function typeOf(flag: string, path: string): TarEntry["type"] {
  for (const [type, letter] of Object.entries(typeFlags)) if (letter === flag) return type as TarEntry["type"];
  throw new Error(`tar entry ${path} is of the unknown kind ${JSON.stringify(flag)}`);
}
