/** The other thread of {@link file://./waiting-decrypt.ts}: asks the plugin while that one waits. */

import { workerData } from "node:worker_threads";
import { messageOf } from "@kubets/apimachinery";
import { connectKms, KmsError } from "./service.ts";
import type { DecryptReply, DecryptRequest, DecryptWorkerData } from "./waiting-decrypt.ts";

const { port, signal, path, timeoutMs } = workerData as DecryptWorkerData;
const answered = new Int32Array(signal);
const service = await connectKms({ path, timeoutMs });

port.on("message", (request: DecryptRequest) => {
  void answer(request).then((reply) => {
    port.postMessage(reply);
    Atomics.store(answered, 0, request.number);
    Atomics.notify(answered, 0);
  });
});

async function answer({ encrypted, uid, number }: DecryptRequest): Promise<DecryptReply> {
  try {
    return { number, plaintext: await service.decrypt(encrypted, uid) };
  } catch (error) {
    return { number, error: messageOf(error), code: error instanceof KmsError ? error.code : "Unknown" };
  }
}
