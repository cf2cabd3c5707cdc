/** `/debug/api_priority_and_fairness/dump_*`: tables as upstream writes them. Source: apiserver's apf_controller_debug.go. */

import { type Clock, formatDuration, formatMicroTime } from "@kubets/apimachinery";
import { type Answer, text } from "../request/request.ts";
import type { Call } from "../server/context.ts";
import type { FairQueueing } from "./fair-queueing.ts";
import type { Level } from "./level.ts";
import type { Ticket } from "./ticket.ts";

const root = "/debug/api_priority_and_fairness/";

export function fairQueueingDumps(queueing: FairQueueing, clock: Clock): (call: Call) => Answer | undefined {
  const dumps: Readonly<Record<string, (query: URLSearchParams) => string>> = {
    dump_priority_levels: () => dumpLevels(queueing),
    dump_queues: () => dumpQueues(queueing),
    dump_requests: (query) => dumpRequests(queueing, clock, Boolean(query.get("includeRequestDetails"))),
  };
  return ({ info, request }) => {
    if (!info.path.startsWith(root)) return undefined;
    const name = info.path.slice(root.length);
    return Object.hasOwn(dumps, name) ? text(200, dumps[name]!(request.query)) : undefined;
  };
}

function allLevels(queueing: FairQueueing): Level[] {
  const levels = [...queueing.levels.values()].map(({ level }) => level).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const level of levels) level.sync();
  return levels;
}

function dumpLevels(queueing: FairQueueing): string {
  const rows = [
    "PriorityLevelName ActiveQueues IsIdle IsQuiescing WaitingRequests ExecutingRequests DispatchedRequests RejectedRequests TimedoutRequests CancelledRequests".split(
      " ",
    ),
  ];
  for (const level of allLevels(queueing)) {
    const { name, idle, quiescing, waiting, executing, dispatched, rejected, cancelled } = level;
    // As upstream: queues with someone waiting; nothing counts as timed out, but as cancelled.
    const active = level.queues.filter((queue) => queue !== undefined && queue.waiting.length > 0).length;
    const cells = [active, idle, quiescing, waiting.size, executing.length, dispatched, rejected, 0, cancelled];
    rows.push([name, ...cells.map(String)]);
  }
  return table(rows);
}

function dumpQueues(queueing: FairQueueing): string {
  const rows = [
    "PriorityLevelName Index PendingRequests ExecutingRequests SeatsInUse NextDispatchR InitialSeatsSum MaxSeatsSum TotalWorkSum".split(
      " ",
    ),
  ];
  const seatSeconds = (value: number) => `${value.toFixed(8)}ss`;
  for (const level of allLevels(queueing)) {
    for (let index = 0; index < Math.max(level.queuing?.queues ?? 0, level.queues.length); index++) {
      const { waiting = [], executing = 0, seatsInUse = 0, nextR = 0, waitingWork = 0 } = level.queues[index] ?? {};
      const initial = waiting.reduce((sum, { work }) => sum + work.seats, 0);
      const most = waiting.reduce((sum, { seats }) => sum + seats, 0);
      const counts = [index, waiting.length, executing, seatsInUse].map(String);
      rows.push([level.name, ...counts, seatSeconds(nextR), String(initial), String(most), seatSeconds(waitingWork)]);
    }
  }
  return table(rows);
}

function dumpRequests(queueing: FairQueueing, clock: Clock, details: boolean): string {
  const names =
    "PriorityLevelName FlowSchemaName QueueIndex RequestIndexInQueue FlowDistingsher ArriveTime InitialSeats FinalSeats AdditionalLatency StartTime";
  const more = "UserName Verb APIPath Namespace Name APIVersion Resource SubResource";
  const rows = [(details ? `${names} ${more}` : names).split(" ")];
  // Tickets have the monotonic clock's times.
  const epoch = clock.now() - clock.monotonic();
  const row = (level: Level, ticket: Ticket, index: number) => {
    const { flow, queue, work, arrivedAt, started, startedAt } = ticket;
    const cells = [
      ...[level.name, flow.schema, String(queue?.index ?? -1), String(index), flow.distinguisher],
      ...[
        formatMicroTime(epoch + arrivedAt),
        String(work.seats),
        String(work.finalSeats),
        formatDuration(work.lingerMs),
      ],
      started ? formatMicroTime(epoch + startedAt) : "0001-01-01T00:00:00Z",
    ];
    if (details) {
      const { verb, path, namespace, name, apiGroup, apiVersion, resource, subresource } = ticket.info;
      const version = apiGroup === "" ? apiVersion : `${apiGroup}/${apiVersion}`;
      cells.push(ticket.userName, verb, path, namespace, name, version, resource, subresource);
    }
    rows.push(cells);
  };
  for (const level of allLevels(queueing)) {
    for (const ticket of level.executing) row(level, ticket, -1);
    for (const queue of level.queues) for (const [i, ticket] of (queue?.waiting ?? []).entries()) row(level, ticket, i);
  }
  return table(rows);
}

/** Columns as wide as their widest cell, at least eight, and a comma after each but the last. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(8, ...rows.map((row) => row[i]!.length + 2)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === row.length - 1 ? cell : `${cell},`.padEnd(widths[i]!))).join("");
  return `${rows.map(line).join("\n")}\n`;
}
