/**
 * The channel protocols of exec, attach and run over WebSocket: every message is a channel number and its data. Pure.
 * v5 adds a close message, without which stdin cannot be half-closed (KEP-4006).
 */

export const execProtocols = [
  "v5.channel.k8s.io",
  "v4.channel.k8s.io",
  "v4.base64.channel.k8s.io",
  "channel.k8s.io",
  "base64.channel.k8s.io",
] as const;

export type ExecProtocol = (typeof execProtocols)[number];

export const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

export type ChannelMessage =
  | { readonly type: "data"; readonly channel: number; readonly data: Buffer }
  | { readonly type: "close"; readonly channel: number };

export function isBase64(protocol: ExecProtocol): boolean {
  return protocol.includes("base64");
}

/** Undefined for a message that means nothing: an empty one, or a close before v5. */
export function decodeMessage(protocol: ExecProtocol, message: Buffer): ChannelMessage | undefined {
  const first = message[0];
  if (first === undefined) return undefined;
  if (isBase64(protocol)) {
    if (first < 0x30 || first > 0x39) return undefined;
    return { type: "data", channel: first - 0x30, data: Buffer.from(message.toString("latin1", 1), "base64") };
  }
  if (first !== channel.close) return { type: "data", channel: first, data: message.subarray(1) };
  const closed = message[1];
  return protocol === "v5.channel.k8s.io" && closed !== undefined ? { type: "close", channel: closed } : undefined;
}

export function encodeMessage(protocol: ExecProtocol, to: number, data: Buffer): Buffer | string {
  if (isBase64(protocol)) return `${to}${data.toString("base64")}`;
  return Buffer.concat([Buffer.from([to]), data]);
}
