/** The queues of a level: which of them a request joins, and whose turn it is. Source: apiserver's queueset. */

import type { Work } from "./flow.ts";
import type { Queue, Ticket } from "./ticket.ts";

/** What is believed of a request's duration before it has run. */
export const serviceSeconds = 0.003;

/** Seat-seconds, as far as they are known before the request has run. */
export function totalWork({ seats, finalSeats, lingerMs }: Work): number {
  return seats * serviceSeconds + (finalSeats * lingerMs) / 1000;
}

/** Virtual times of the last dispatch, for metrics: R then, the queue's S, and the least and most S of all queues with someone in them. */
export interface LastDispatch {
  r: number;
  s: number;
  least: number;
  most: number;
  /** Less what is believed to be under way. */
  leastDiscounted: number;
  mostDiscounted: number;
}

export class Queues {
  /** Those that were ever used, at their indexes. */
  readonly all: (Queue | undefined)[] = [];
  readonly lastDispatch: LastDispatch = { r: 0, s: 0, least: 0, most: 0, leastDiscounted: 0, mostDiscounted: 0 };
  /** How many are configured. */
  #wanted = 0;
  #active = 0;
  #robin = 0;
  #chosen = 0;

  /** How many have someone in them or on their seats. */
  get active(): number {
    return this.#active;
  }

  /** A newcomer joins one of its flow's hand, and has not yet a place in it. @param now virtual time */
  join(ticket: Ticket, hand: readonly number[], anyoneWaits: boolean, now: number): Queue {
    const queue = this.#choose(hand, anyoneWaits, now);
    ticket.queue = queue;
    ticket.arrivalR = now;
    if (isIdle(queue)) queue.nextR = now;
    return queue;
  }

  /** Of the flow's hand the queue with the least work; in turn where all are the same. @param now virtual time: where a new one begins */
  #choose(hand: readonly number[], anyoneWaits: boolean, now: number): Queue {
    const offset = this.#chosen++ % hand.length;
    if (!anyoneWaits) return this.#queue(hand[offset]!, now);
    let best: Queue | undefined;
    for (let i = 0; i < hand.length; i++) {
      const queue = this.#queue(hand[(offset + i) % hand.length]!, now);
      if (best === undefined || queue.waitingWork < best.waitingWork) best = queue;
    }
    return best!;
  }

  #queue(index: number, now: number): Queue {
    let queue = this.all[index];
    if (queue === undefined) {
      queue = { index, waiting: [], waitingWork: 0, executing: 0, seatsInUse: 0, nextR: now };
      this.all[index] = queue;
    }
    return queue;
  }

  /** @param wanted how many there are to be; those beyond go when they are idle */
  configure(wanted: number): void {
    this.#wanted = wanted;
    for (let index = this.all.length - 1; index >= wanted; index--) {
      const queue = this.all[index];
      if (queue !== undefined && !isIdle(queue)) continue;
      if (index === this.all.length - 1) this.all.pop();
      else this.all[index] = undefined;
    }
  }

  /** It waits, behind the others of its queue. */
  push(ticket: Ticket, queue: Queue): void {
    if (isIdle(queue)) this.#active++;
    queue.waiting.push(ticket);
    queue.waitingWork += totalWork(ticket.work);
    bound(queue);
  }

  /** It waits no longer. */
  take(ticket: Ticket): void {
    const queue = ticket.queue!;
    const at = queue.waiting.indexOf(ticket);
    if (at === 0) queue.waiting.shift();
    else queue.waiting.splice(at, 1);
    queue.waitingWork = queue.waiting.length === 0 ? 0 : queue.waitingWork - totalWork(ticket.work);
    this.#idleAfter(queue);
  }

  /** One of a queue's has begun. */
  began({ seats, work }: Ticket, queue: Queue): void {
    if (isIdle(queue)) this.#active++;
    queue.executing++;
    queue.seatsInUse += seats;
    queue.nextR += totalWork(work);
  }

  /** One of a queue's has ended, and took this long: its seats may be held on to. */
  ended({ work }: Ticket, queue: Queue, seconds: number): void {
    queue.executing--;
    queue.nextR -= work.seats * (serviceSeconds - seconds);
    bound(queue);
    this.#idleAfter(queue);
  }

  #idleAfter(queue: Queue): void {
    if (!isIdle(queue)) return;
    this.#active--;
    if (queue.index >= this.#wanted) this.configure(this.#wanted);
  }

  /** The one that would finish first; among equals, of the queue whose turn it is. Someone waits. @param now virtual time */
  next(now: number): Ticket {
    const { all, lastDispatch } = this;
    let best: Queue | undefined;
    let bestFinish = 0;
    let bestTurn = 0;
    lastDispatch.least = lastDispatch.leastDiscounted = Number.POSITIVE_INFINITY;
    lastDispatch.most = lastDispatch.mostDiscounted = Number.NEGATIVE_INFINITY;
    for (const queue of all) {
      const first = queue?.waiting[0];
      if (queue === undefined || first === undefined) continue;
      this.#noteBounds(queue);
      const finish = queue.nextR + totalWork(first.work);
      const turn = (queue.index - this.#robin - 1 + all.length) % all.length;
      if (best === undefined || finish < bestFinish || (finish === bestFinish && turn < bestTurn)) {
        best = queue;
        bestFinish = finish;
        bestTurn = turn;
      }
    }
    lastDispatch.r = now;
    lastDispatch.s = best!.nextR;
    return best!.waiting[0]!;
  }

  /** It was its turn. */
  turnOf({ index }: Queue): void {
    this.#robin = index;
  }

  /** Its request has nobody to wait for. @param now virtual time */
  pass(queue: Queue, now: number): void {
    const { lastDispatch } = this;
    if (queue.nextR < now) queue.nextR = now;
    this.#robin = queue.index;
    lastDispatch.r = now;
    lastDispatch.s = lastDispatch.least = lastDispatch.most = queue.nextR;
    lastDispatch.leastDiscounted = lastDispatch.mostDiscounted = queue.nextR - queue.seatsInUse * serviceSeconds;
  }

  #noteBounds({ nextR, seatsInUse }: Queue): void {
    const { lastDispatch } = this;
    const discounted = nextR - seatsInUse * serviceSeconds;
    lastDispatch.least = Math.min(lastDispatch.least, nextR);
    lastDispatch.most = Math.max(lastDispatch.most, nextR);
    lastDispatch.leastDiscounted = Math.min(lastDispatch.leastDiscounted, discounted);
    lastDispatch.mostDiscounted = Math.max(lastDispatch.mostDiscounted, discounted);
  }
}

function isIdle({ executing, waiting }: Queue): boolean {
  return executing === 0 && waiting.length === 0;
}

/** No queue begins, virtually, before its first request came. */
export function bound(queue: Queue): void {
  const first = queue.waiting[0];
  if (first !== undefined && queue.nextR < first.arrivalR) queue.nextR = first.arrivalR;
}
