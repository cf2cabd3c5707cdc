/** A KMS plugin, in a thread of its own: whoever waits for it waits in theirs. Its keys are made of their names. */

import { createHash } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { aesGcm } from "../ciphers.ts";
import { bytesField, Fields, mapField } from "./wire.ts";

export interface PluginBehaviour {
  readonly keyId: string;
  readonly healthz: string;
  /** gRPC's error of every decryption, if any. */
  readonly refusal: string;
}

let behaviour: PluginBehaviour = { keyId: "key-1", healthz: "ok", refusal: "" };
const counts = { Status: 0, Encrypt: 0, Decrypt: 0 };
const cipherOf = (keyId: string) => aesGcm(createHash("sha256").update(`kek ${keyId}`).digest());
const annotations = new Map([["plugin.example.com", Buffer.from("local")]]);

const answers = {
  Status: () => [...bytesField(1, "v2"), ...bytesField(2, behaviour.healthz), ...bytesField(3, behaviour.keyId)],
  Encrypt: (request: Fields) => [
    ...bytesField(1, cipherOf(behaviour.keyId).encrypt(request.bytes(1), "")),
    ...bytesField(2, behaviour.keyId),
    ...mapField(3, annotations),
  ],
  Decrypt(request: Fields) {
    if (behaviour.refusal !== "") throw new Error(behaviour.refusal);
    if (!request.map(4).has("plugin.example.com")) throw new Error("the annotation is missing");
    return bytesField(1, cipherOf(request.text(3)).decrypt(request.bytes(1), ""));
  },
};

const server = new Server();
const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value };
for (const method of ["Status", "Encrypt", "Decrypt"] as const) {
  const path = `/v2.KeyManagementService/${method}`;
  const handle = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
    counts[method]++;
    try {
      done(null, Buffer.concat(answers[method](new Fields(call.request))));
    } catch (error) {
      done({ code: status.FAILED_PRECONDITION, details: (error as Error).message });
    }
  };
  server.register(path, handle, bytes.serialize, bytes.deserialize, "unary");
}

parentPort!.on("message", (change: Partial<PluginBehaviour>) => {
  behaviour = { ...behaviour, ...change };
  parentPort!.postMessage({ ...counts });
});

server.bindAsync(`unix:${(workerData as { path: string }).path}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  parentPort!.postMessage("listening");
});
