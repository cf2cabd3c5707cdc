/** Clients over real sockets, for floods: HTTP/1.1 through an agent, HTTP/2 through a session. The bearer token is the user's name. */

import { type ClientHttp2Session, connect } from "node:http2";
import { type Agent, request as httpsRequest } from "node:https";
import { realClock } from "@kubets/apimachinery";

export const maps = "/api/v1/namespaces/default/configmaps";

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
  readonly ms: number;
}

export type Ask = (user: string, method: string, path: string, body?: object) => Promise<Answer>;

export function newSession(port: number): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  session.on("error", () => {});
  return session;
}

export const overHttp1 =
  (port: number, agent: Agent): Ask =>
  (user, method, path, body) =>
    new Promise((resolve, reject) => {
      const started = realClock.monotonic();
      const headers = { authorization: `Bearer ${user}`, "content-type": "application/json" };
      const options = { host: "127.0.0.1", port, method, path, agent, headers };
      const request = httpsRequest(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            retryAfter: response.headers["retry-after"],
            text: Buffer.concat(chunks).toString(),
            ms: realClock.monotonic() - started,
          }),
        );
      });
      request.on("error", reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });

export const overHttp2 =
  (session: ClientHttp2Session): Ask =>
  (user, method, path, body) =>
    new Promise((resolve, reject) => {
      const started = realClock.monotonic();
      const stream = session.request({
        ":method": method,
        ":path": path,
        authorization: `Bearer ${user}`,
        "content-type": "application/json",
      });
      let answer = { status: 0, retryAfter: undefined as string | undefined };
      const chunks: Buffer[] = [];
      stream.on("response", (headers) => {
        answer = { status: Number(headers[":status"]), retryAfter: headers["retry-after"] as string | undefined };
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", reject);
      stream.on("end", () =>
        resolve({ ...answer, text: Buffer.concat(chunks).toString(), ms: realClock.monotonic() - started }),
      );
      stream.end(body === undefined ? undefined : JSON.stringify(body));
    });

export const configMap = (name: string, text = "") => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data: { text },
});
