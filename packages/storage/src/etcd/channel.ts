/** gRPC to one member of an etcd cluster. */

import type { Duplex } from "node:stream";
import { EtcdError } from "./errors.ts";
import { Http2Calls, prefixLength } from "./http2-calls.ts";
import { methods, watchPath, watchRequest, watchResponse } from "./messages.ts";
import { decode, encode, type Message } from "./protobuf.ts";
import type { UnaryCalls, UnaryName, WatchRequest, WatchResponse } from "./types.ts";

/** How members of an etcd cluster are trusted, and who asks. */
export interface EtcdTls {
  /** PEM: who may have signed the members' certificates; the system's own when undefined. */
  readonly ca?: string;
  /** PEM: who we are. */
  readonly certificate?: string;
  readonly key?: string;
}

/** A connection to a member through something else, on which nothing has been said; what is written waits until it is made. */
export type EtcdDial = (host: string, port: number) => Duplex;

export interface Channel {
  readonly endpoint: string;
  /** @throws EtcdError, also after `deadlineMs` */
  call<Name extends UnaryName>(
    name: Name,
    request: UnaryCalls[Name][0],
    deadlineMs: number,
  ): Promise<UnaryCalls[Name][1]>;
  watch(request: WatchRequest, handlers: WatchHandlers): WatchCall;
  close(): void;
}

export interface WatchHandlers {
  /** What it throws ends the watch. */
  readonly onResponse: (response: WatchResponse) => void;
  /** Called once, unless the watch is cancelled. */
  readonly onEnd: (error: unknown) => void;
}

export interface WatchCall {
  send(request: WatchRequest): void;
  cancel(): void;
}

/**
 * @param tls asked for each connection where it is a function
 * @throws Error for what is no URL of an etcd member
 */
export function openChannel(endpoint: string, tls: EtcdTls | (() => EtcdTls), dial?: EtcdDial): Channel {
  return new GrpcChannel(endpoint, tls, dial);
}

class GrpcChannel implements Channel {
  readonly endpoint: string;
  readonly #calls: Http2Calls;

  constructor(endpoint: string, tls: EtcdTls | (() => EtcdTls), dial: EtcdDial | undefined) {
    this.endpoint = endpoint;
    const current = typeof tls === "function" ? tls : () => tls;
    this.#calls = new Http2Calls({ url: urlOf(endpoint), tls: () => sessionOptions(current()), dial });
  }

  call<Name extends UnaryName>(
    name: Name,
    request: UnaryCalls[Name][0],
    deadlineMs: number,
  ): Promise<UnaryCalls[Name][1]> {
    const method = methods[name];
    return new Promise((resolve, reject) => {
      let answer: Buffer | undefined;
      this.#calls.start(method.path, frameOf(method.request, request), deadlineMs, {
        onMessage(bytes) {
          answer = bytes;
        },
        onEnd: (failure) => {
          if (failure !== undefined || answer === undefined)
            return reject(new EtcdError(name, this.endpoint, failure ?? noAnswer));
          try {
            resolve(decode(method.response, answer) as UnaryCalls[Name][1]);
          } catch (error) {
            reject(error);
          }
        },
      });
    });
  }

  watch(request: WatchRequest, { onResponse, onEnd }: WatchHandlers): WatchCall {
    const call = this.#calls.start(watchPath, frameOf(watchRequest, request), undefined, {
      onMessage(bytes) {
        try {
          onResponse(decode(watchResponse, bytes) as WatchResponse);
        } catch (error) {
          call.cancel();
          onEnd(error);
        }
      },
      onEnd: (failure) => onEnd(watchError(this.endpoint, failure ?? endedByServer)),
    });
    return {
      send: (next) => call.send(frameOf(watchRequest, next)),
      cancel: () => call.cancel(),
    };
  }

  close(): void {
    this.#calls.close();
  }
}

function sessionOptions({ ca, certificate, key }: EtcdTls) {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
  };
}

const noAnswer = { code: 13, details: "the call was ended without an answer" };
const endedByServer = { code: 14, details: "the watch was ended by the server" };

/** Behind its prefix: not compressed, and so long. */
function frameOf(message: Message, value: object): Buffer {
  const frame = encode(message, value, prefixLength);
  frame[0] = 0;
  frame.writeUInt32BE(frame.length - prefixLength, 1);
  return frame;
}

function urlOf(endpoint: string): string {
  const match = /^(?:(https?):\/\/)?(\[[0-9a-fA-F:.]+\]|[^/:\s]+)(?::(\d+))?\/?$/.exec(endpoint);
  if (match === null)
    throw new Error(`${JSON.stringify(endpoint)} is no etcd server; want one such as https://10.0.0.1:2379`);
  const [, scheme = "http", host, port = "2379"] = match;
  return `${scheme}://${host}:${port}`;
}

export function watchError(endpoint: string, failure: { readonly code: number; readonly details: string }): EtcdError {
  return new EtcdError("Watch.Watch", endpoint, failure);
}
