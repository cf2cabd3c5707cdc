import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, VirtualClock } from "@kubets/apimachinery";
import { AuditEvent } from "./event.ts";
import { LogBackend } from "./log-backend.ts";
import { AuditMetrics } from "./metrics.ts";
import { OversizedLines } from "./rotating-file.ts";

test("of lines that came together those count as lost that were", async () => {
  const metrics = new AuditMetrics(new VirtualClock(), silentLogger);
  const sink = { append: () => Promise.reject(new OversizedLines([12], 10)), close: async () => {} };
  const log = new LogBackend(sink, "json", metrics);
  const event = new AuditEvent({
    ...{ level: "Metadata", auditID: "a", stage: "ResponseComplete", requestURI: "/", verb: "get", user: undefined },
    ...{ sourceIPs: [], userAgent: "", receivedAt: 0, stageAt: 0 },
  });
  assert.equal(await log.process([event, event, event]), false);
  await log.close();
  assert.match(metrics.lines().join("\n"), /error_total\{plugin="log"\} 1$/m);
});
