/** The other side of {@link YamlThread}: a body in, JSON out, one at a time. */

import { parentPort } from "node:worker_threads";
import { decodeYaml, messageOf, writeJson } from "@kubets/apimachinery";

export type YamlTask = Uint8Array;
/** What was read comes as text: the engine parses that faster than it copies the value. */
export type YamlReply =
  | { readonly json: string; readonly duplicates: readonly string[] }
  | { readonly problem: string };

async function decode(body: YamlTask): Promise<YamlReply> {
  try {
    const { value, duplicates } = await decodeYaml(body);
    return { json: writeJson(value), duplicates };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

parentPort?.on("message", (body: YamlTask) => {
  void decode(body).then((reply) => parentPort?.postMessage(reply));
});
