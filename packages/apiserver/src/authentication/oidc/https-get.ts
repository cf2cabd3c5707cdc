/** Small documents from an issuer: its discovery document, its keys, claims that it keeps elsewhere. Bounded in time and size, over HTTPS, without redirects. */

import { type Agent, get } from "node:https";
import { type Clock, messageOf } from "@kubets/apimachinery";
import { httpsAgent } from "../../egress/agents.ts";
import type { Dial } from "../../egress/egress.ts";
import { unanswered } from "../../streaming/forward.ts";

const timeoutMs = 30_000;
const maxBytes = 1024 * 1024;

export class HttpsGetter {
  readonly #agent: Agent;
  readonly #clock: Clock;

  /**
   * @param ca PEM; the system's authorities when undefined
   * @param dial how the issuer is reached where not directly
   */
  constructor(clock: Clock, ca: string | undefined, dial?: Dial) {
    this.#clock = clock;
    this.#agent = httpsAgent({ ...(ca === undefined ? {} : { ca }), minVersion: "TLSv1.2" }, dial);
  }

  /** @throws Error that says what was asked for and what went wrong */
  async json(url: string): Promise<unknown> {
    return await this.#read(url, { accept: "application/json" }, (text) => JSON.parse(text));
  }

  /** @param token shown as a bearer token. @throws Error that says what was asked for and what went wrong */
  async text(url: string, token: string | undefined): Promise<string> {
    return await this.#read(url, token === undefined ? {} : { authorization: `Bearer ${token}` }, (text) => text);
  }

  async #read<T>(url: string, headers: Record<string, string>, of: (text: string) => T): Promise<T> {
    if (!url.startsWith("https://")) throw new Error(`Get ${JSON.stringify(url)}: the URL is not https`);
    try {
      return of(await this.#text(url, headers));
    } catch (cause) {
      throw new Error(`Get ${JSON.stringify(url)}: ${messageOf(cause)}`, { cause });
    }
  }

  #text(url: string, headers: Record<string, string>): Promise<string> {
    return new Promise((resolve, reject) => {
      let answered = false;
      const request = get(url, { agent: this.#agent, headers }, (response) => {
        answered = true;
        if (response.statusCode !== 200) {
          response.resume();
          reject(new Error(`the answer's status is ${response.statusCode}`));
          return;
        }
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxBytes) request.destroy(new Error(`the answer is larger than ${maxBytes} bytes`));
          else chunks.push(chunk);
        });
        response.on("end", () => resolve(Buffer.concat(chunks).toString()));
        response.on("error", reject);
      });
      const timer = this.#clock.setTimeout(() => request.destroy(new Error("the answer took too long")), timeoutMs);
      request.on("error", reject);
      request.on("close", () => {
        timer.cancel();
        if (!answered) reject(unanswered());
      });
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
