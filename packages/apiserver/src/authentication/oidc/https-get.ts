/** Small JSON documents from an issuer: its discovery document and its keys. Bounded in time and size, over HTTPS, without redirects. */

import { Agent, get } from "node:https";
import { type Clock, messageOf } from "@kubets/apimachinery";

const timeoutMs = 30_000;
const maxBytes = 1024 * 1024;

export class HttpsGetter {
  readonly #agent: Agent;
  readonly #clock: Clock;

  /** @param ca PEM; the system's authorities when undefined */
  constructor(clock: Clock, ca: string | undefined) {
    this.#clock = clock;
    this.#agent = new Agent({ ...(ca === undefined ? {} : { ca }), minVersion: "TLSv1.2" });
  }

  /** @throws Error that says what was asked for and what went wrong */
  async json(url: string): Promise<unknown> {
    if (!url.startsWith("https://")) throw new Error(`Get ${JSON.stringify(url)}: the URL is not https`);
    try {
      const text = await this.#text(url);
      return JSON.parse(text);
    } catch (cause) {
      throw new Error(`Get ${JSON.stringify(url)}: ${messageOf(cause)}`, { cause });
    }
  }

  #text(url: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = get(url, { agent: this.#agent, headers: { accept: "application/json" } }, (response) => {
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
      request.on("close", () => timer.cancel());
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
