/** One query in, one answer out, as bytes. Never throws on hostile input: what cannot be parsed gets FORMERR, or silence when not even that is possible. */

import type { ClusterZone, RecordType, ResourceRecord } from "./cluster-zone.ts";
import type { Forwarder } from "./forwarder.ts";

// dns-packet's flag bits; rcodes are the low four bits.
const authoritative = 1 << 10;
const truncated = 1 << 9;
const recursionDesired = 1 << 8;
const recursionAvailable = 1 << 7;
const formatError = 1;
const serverFailure = 2;
const nameError = 3;
const notImplemented = 4;

const plainUdpLimit = 512;
const largestUdpAnswer = 1232;

type Packable = import("dns-packet").Answer;

const ourEdns = {
  type: "OPT",
  name: ".",
  udpPayloadSize: largestUdpAnswer,
  flags: 0,
  options: [],
  ednsVersion: 0,
  extendedRcode: 0,
  flag_do: false,
} as Packable;

export interface ResponderOptions {
  readonly zone: ClusterZone;
  readonly forwarder: Forwarder;
  /** The zone's serial: seconds since the epoch. */
  readonly serial: () => number;
}

/** Holds no state of its own: the same for all addresses and for both transports. */
export class Responder {
  readonly #options: ResponderOptions;

  constructor(options: ResponderOptions) {
    this.#options = options;
  }

  async answer(bytes: Buffer, overTcp: boolean, signal: AbortSignal): Promise<Buffer | undefined> {
    if (bytes.length < 12 || (bytes.readUInt8(2) & 0x80) !== 0) return undefined; // Not a query; answering answers makes loops.
    const dns = await import("dns-packet");
    let query: import("dns-packet").DecodedPacket;
    try {
      query = dns.decode(bytes);
    } catch {
      return refusal(bytes, formatError);
    }
    const question = query.questions?.[0];
    if (query.questions?.length !== 1 || question === undefined) return refusal(bytes, formatError);
    if (opcodeOf(bytes) !== 0) return refusal(bytes, notImplemented);
    const name = question.name.toLowerCase().replace(/\.$/, "");
    if (!this.#options.zone.owns(name))
      return (await this.#options.forwarder.forward(bytes, overTcp, signal)) ?? refusal(bytes, serverFailure);
    const answer = this.#options.zone.lookup(name, question.type as RecordType);
    const answers = [...answer.answers, ...(await this.#follow(answer.continueAt, question.type, overTcp, signal))];
    const reply = (records: readonly ResourceRecord[], flags: number, additionals: readonly ResourceRecord[]) =>
      dns.encode({
        type: "response",
        id: query.id ?? 0,
        flags: flags | authoritative | recursionAvailable | ((query.flags ?? 0) & recursionDesired),
        questions: [question],
        answers: packable(records),
        authorities: packable(answers.length === 0 ? [this.#options.zone.soa(this.#options.serial())] : []),
        additionals: [...packable(additionals), ...(edns === undefined ? [] : [ourEdns])],
      });
    const edns = query.additionals?.find((r) => r.type === "OPT");
    const rcode = answer.rcode === "NXDOMAIN" ? nameError : 0;
    const whole = reply(answers, rcode, answer.additionals);
    const offered = edns?.type === "OPT" ? edns.udpPayloadSize : plainUdpLimit;
    const limit = overTcp ? 0xffff : Math.max(plainUdpLimit, Math.min(offered, largestUdpAnswer));
    if (whole.length <= limit) return whole;
    // What was not asked for goes first, and is not missed (RFC 2181, 9); then as many answers stay as fit.
    const bare = reply(answers, rcode, []);
    if (bare.length <= limit) return bare;
    for (let kept = Math.floor((answers.length * limit) / bare.length); kept > 0; kept--) {
      const part = reply(answers.slice(0, kept), rcode | truncated, []);
      if (part.length <= limit) return part;
    }
    return reply([], rcode | truncated, []);
  }

  /** Where an ExternalName leads: into the zone, or outside. */
  async #follow(
    name: string | undefined,
    type: string,
    overTcp: boolean,
    signal: AbortSignal,
  ): Promise<ResourceRecord[]> {
    if (name === undefined || type === "CNAME") return [];
    if (this.#options.zone.owns(name)) {
      const next = this.#options.zone.lookup(name, type as RecordType);
      return next.continueAt === undefined ? [...next.answers] : []; // One step is enough; a second would allow loops.
    }
    const dns = await import("dns-packet");
    const query = dns.encode({
      type: "query",
      id: 0,
      flags: recursionDesired,
      questions: [{ name, type: type as "A" }],
    });
    const answer = await this.#options.forwarder.forward(query, overTcp, signal);
    if (answer === undefined) return [];
    try {
      return (dns.decode(answer).answers ?? []) as unknown as ResourceRecord[];
    } catch {
      return []; // A resolver's malformed answer: the CNAME alone is still right.
    }
  }
}

/** Our records have the shape that dns-packet takes; its types are a union by record type that ours, read from elsewhere, cannot name. */
function packable(records: readonly ResourceRecord[]): Packable[] {
  return records as unknown as Packable[];
}

function opcodeOf(query: Buffer): number {
  return (query.readUInt8(2) >> 3) & 0xf;
}

/** The query's header with an error code, and nothing else. */
function refusal(query: Buffer, rcode: number): Buffer {
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 4);
  header.writeUInt8((query.readUInt8(2) & 0x79) | 0x80, 2);
  header.writeUInt8(0x80 | rcode, 3);
  return header;
}
