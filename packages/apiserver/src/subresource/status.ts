import type { Status } from "@kubets/apimachinery";

/** What a request that changes something and has nothing to show for it is answered. */
export function successStatus(code: number): Status {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code };
}
