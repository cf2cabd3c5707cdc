/** etcd's messages as this package uses them: names in camelCase, 64-bit numbers as numbers, absent fields as zero and absent messages as null. */

export interface ResponseHeader {
  /** The newest revision of the whole etcd when it answered. */
  readonly revision: number;
}

export interface KeyValue {
  readonly key: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
  /** How many times the key was written since it came into being. */
  readonly version: number;
  readonly value: Buffer;
  readonly lease: number;
}

export interface EtcdEvent {
  readonly type: "PUT" | "DELETE";
  /** Of a deletion only the key and the revision. */
  readonly kv: KeyValue;
  readonly prevKv: KeyValue | null;
}

type Bytes = Uint8Array;

export interface RangeRequest {
  readonly key: Bytes;
  /** The first key after the range; the one key alone when left out. */
  readonly rangeEnd?: Bytes;
  readonly limit?: number;
  readonly revision?: number;
  readonly countOnly?: boolean;
}

export interface RangeResponse {
  readonly header: ResponseHeader;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  /** Of the whole range, whatever the limit. */
  readonly count: number;
}

export interface PutRequest {
  readonly key: Bytes;
  readonly value: Bytes;
  readonly lease?: number;
  readonly prevKv?: boolean;
}

export interface PutResponse {
  readonly header: ResponseHeader;
  readonly prevKv: KeyValue | null;
}

export interface DeleteRangeRequest {
  readonly key: Bytes;
  readonly prevKv?: boolean;
}

export interface DeleteRangeResponse {
  readonly header: ResponseHeader;
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue[];
}

export interface Compare {
  readonly result: "EQUAL";
  readonly target: "MOD" | "VERSION";
  readonly key: Bytes;
  readonly modRevision?: number;
  readonly version?: number;
}

export interface RequestOp {
  readonly requestRange?: RangeRequest;
  readonly requestPut?: PutRequest;
  readonly requestDeleteRange?: DeleteRangeRequest;
}

export interface ResponseOp {
  readonly responseRange: RangeResponse | null;
  readonly responsePut: PutResponse | null;
  readonly responseDeleteRange: DeleteRangeResponse | null;
}

export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

export interface TxnResponse {
  readonly header: ResponseHeader;
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

export interface WatchRequest {
  readonly createRequest?: {
    readonly key: Bytes;
    readonly rangeEnd: Bytes;
    readonly startRevision: number;
    readonly progressNotify?: boolean;
    readonly prevKv?: boolean;
  };
  readonly progressRequest?: Readonly<Record<string, never>>;
}

export interface WatchResponse {
  readonly header: ResponseHeader;
  /** -1 answers a progress request. */
  readonly watchId: number;
  readonly created: boolean;
  readonly canceled: boolean;
  /** With `canceled`: the asked-for start is older than this, the oldest that is kept. */
  readonly compactRevision: number;
  readonly cancelReason: string;
  readonly events: readonly EtcdEvent[];
}

export interface LeaseGrantResponse {
  readonly ID: number;
  readonly TTL: number;
}

export interface StatusResponse {
  readonly header: ResponseHeader;
  /** As "3.4.23". */
  readonly version: string;
  /** Bytes of the member's database. */
  readonly dbSize: number;
}

/** The calls there are, with what they take and give. */
export interface UnaryCalls {
  "KV.Range": [RangeRequest, RangeResponse];
  "KV.Put": [PutRequest, PutResponse];
  "KV.Txn": [TxnRequest, TxnResponse];
  "KV.Compact": [{ readonly revision: number }, object];
  "Lease.LeaseGrant": [{ readonly TTL: number; readonly ID: number }, LeaseGrantResponse];
  "Lease.LeaseRevoke": [{ readonly ID: number }, object];
  "Maintenance.Status": [object, StatusResponse];
}

export type UnaryName = keyof UnaryCalls;
