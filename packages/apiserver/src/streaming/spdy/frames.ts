/** SPDY/3.1 frames to bytes and back. Pure. Header blocks stay compressed here. */

export type Frame =
  | { readonly type: "data"; readonly streamId: number; readonly fin: boolean; readonly payload: Buffer }
  | { readonly type: "synStream"; readonly streamId: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly type: "synReply"; readonly streamId: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly type: "headers"; readonly streamId: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly type: "rstStream"; readonly streamId: number; readonly status: number }
  | { readonly type: "ping"; readonly id: number }
  | { readonly type: "goAway"; readonly lastStreamId: number; readonly status: number }
  /** SETTINGS and WINDOW_UPDATE: peers of kubelets send them and act on none. */
  | { readonly type: "ignored" };

const version = 3;
const finFlag = 1;
const controlTypes = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7, headers: 8 } as const;

const headerLength = 8;
/** Of one frame; ten times what any peer sends. */
const maxFrameLength = 1 << 20;

export function encodeFrame(frame: Exclude<Frame, { type: "ignored" }>): Buffer {
  switch (frame.type) {
    case "data": {
      const head = Buffer.alloc(headerLength);
      head.writeUInt32BE(frame.streamId & 0x7fff_ffff, 0);
      head.writeUInt32BE(frame.payload.length, 4);
      head.writeUInt8(frame.fin ? finFlag : 0, 4);
      return Buffer.concat([head, frame.payload]);
    }
    case "synStream": {
      // Stream id, associated stream (none), priority and slot (0), header block.
      const body = Buffer.alloc(10);
      body.writeUInt32BE(frame.streamId, 0);
      return control(controlTypes.synStream, frame.fin, Buffer.concat([body, frame.block]));
    }
    case "synReply":
    case "headers":
      return control(controlTypes[frame.type], frame.fin, Buffer.concat([words(frame.streamId), frame.block]));
    case "rstStream":
      return control(controlTypes.rstStream, false, words(frame.streamId, frame.status));
    case "ping":
      return control(controlTypes.ping, false, words(frame.id));
    case "goAway":
      return control(controlTypes.goAway, false, words(frame.lastStreamId, frame.status));
  }
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    bytes.writeUInt32BE(value, i * 4);
  });
  return bytes;
}

function control(type: number, fin: boolean, body: Buffer): Buffer {
  const head = Buffer.alloc(headerLength);
  head.writeUInt16BE(0x8000 | version, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt32BE(body.length, 4);
  head.writeUInt8(fin ? finFlag : 0, 4);
  return Buffer.concat([head, body]);
}

/** Takes one frame off the front; undefined until it is whole. @throws Error for a peer that does not speak SPDY/3.1 */
export function decodeFrame(bytes: Buffer): { frame: Frame; rest: Buffer } | undefined {
  if (bytes.length < headerLength) return undefined;
  const length = bytes.readUInt32BE(4) & 0x00ff_ffff;
  if (length > maxFrameLength) throw new Error(`SPDY frame of ${length} bytes is over the limit of ${maxFrameLength}`);
  if (bytes.length < headerLength + length) return undefined;
  const payload = bytes.subarray(headerLength, headerLength + length);
  const rest = bytes.subarray(headerLength + length);
  const fin = (bytes.readUInt8(4) & finFlag) !== 0;
  const first = bytes.readUInt32BE(0);
  if (first >>> 31 === 0) return { frame: { type: "data", streamId: first, fin, payload }, rest };
  if (((first >>> 16) & 0x7fff) !== version) throw new Error("the peer does not speak SPDY/3.1");
  return { frame: decodeControl(first & 0xffff, fin, payload), rest };
}

function decodeControl(type: number, fin: boolean, payload: Buffer): Frame {
  const need = (length: number) => {
    if (payload.length < length) throw new Error(`SPDY control frame of type ${type} is cut short`);
  };
  const word = (at: number) => payload.readUInt32BE(at) & 0x7fff_ffff;
  switch (type) {
    case controlTypes.synStream:
      need(10);
      return { type: "synStream", streamId: word(0), fin, block: payload.subarray(10) };
    case controlTypes.synReply:
      need(4);
      return { type: "synReply", streamId: word(0), fin, block: payload.subarray(4) };
    case controlTypes.headers:
      need(4);
      return { type: "headers", streamId: word(0), fin, block: payload.subarray(4) };
    case controlTypes.rstStream:
      need(8);
      return { type: "rstStream", streamId: word(0), status: payload.readUInt32BE(4) };
    case controlTypes.ping:
      need(4);
      return { type: "ping", id: payload.readUInt32BE(0) };
    case controlTypes.goAway:
      need(8);
      return { type: "goAway", lastStreamId: word(0), status: payload.readUInt32BE(4) };
    default:
      return { type: "ignored" };
  }
}
