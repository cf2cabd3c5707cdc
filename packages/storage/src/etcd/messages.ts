/**
 * The parts of etcd's v3 API (package etcdserverpb) that a store needs: names and numbers of fields are the wire format's. What each means is told beside
 * the types in `types.ts`.
 */

import { bool, bytes, enumOf, int64, Message, many, one, string } from "./protobuf.ts";
import type { UnaryName } from "./types.ts";

const header = one(1, new Message({ revision: int64(3) }));

const keyValue = new Message({
  key: bytes(1),
  createRevision: int64(2),
  modRevision: int64(3),
  version: int64(4),
  value: bytes(5),
  lease: int64(6),
});

const event = new Message({ type: enumOf(1, ["PUT", "DELETE"]), kv: one(2, keyValue), prevKv: one(3, keyValue) });

const rangeRequest = new Message({
  key: bytes(1),
  rangeEnd: bytes(2),
  limit: int64(3),
  revision: int64(4),
  countOnly: bool(9),
});
const rangeResponse = new Message({ header, kvs: many(2, keyValue), more: bool(3), count: int64(4) });

const putRequest = new Message({ key: bytes(1), value: bytes(2), lease: int64(3), prevKv: bool(4) });
const putResponse = new Message({ header, prevKv: one(2, keyValue) });

const deleteRangeRequest = new Message({ key: bytes(1), rangeEnd: bytes(2), prevKv: bool(3) });
const deleteRangeResponse = new Message({ header, deleted: int64(2), prevKvs: many(3, keyValue) });

const compare = new Message({
  result: enumOf(1, ["EQUAL", "GREATER", "LESS", "NOT_EQUAL"]),
  target: enumOf(2, ["VERSION", "CREATE", "MOD", "VALUE", "LEASE"]),
  key: bytes(3),
  version: int64(4),
  modRevision: int64(6),
});
const requestOp = new Message({
  requestRange: one(1, rangeRequest),
  requestPut: one(2, putRequest),
  requestDeleteRange: one(3, deleteRangeRequest),
});
const responseOp = new Message({
  responseRange: one(1, rangeResponse),
  responsePut: one(2, putResponse),
  responseDeleteRange: one(3, deleteRangeResponse),
});

const watchCreateRequest = new Message({
  key: bytes(1),
  rangeEnd: bytes(2),
  startRevision: int64(3),
  progressNotify: bool(4),
  prevKv: bool(6),
});

export const watchRequest = new Message({
  createRequest: one(1, watchCreateRequest),
  progressRequest: one(3, new Message({})),
});
export const watchResponse = new Message({
  header,
  watchId: int64(2),
  created: bool(3),
  canceled: bool(4),
  compactRevision: int64(5),
  cancelReason: string(6),
  events: many(11, event),
});

export const watchPath = "/etcdserverpb.Watch/Watch";

export interface Method {
  readonly path: string;
  readonly request: Message;
  readonly response: Message;
}

const method = (path: string, request: Message, response: Message): Method => ({
  path: `/etcdserverpb.${path}`,
  request,
  response,
});

export const methods: Readonly<Record<UnaryName, Method>> = {
  "KV.Range": method("KV/Range", rangeRequest, rangeResponse),
  "KV.Put": method("KV/Put", putRequest, putResponse),
  "KV.Txn": method(
    "KV/Txn",
    new Message({ compare: many(1, compare), success: many(2, requestOp), failure: many(3, requestOp) }),
    new Message({ header, succeeded: bool(2), responses: many(3, responseOp) }),
  ),
  "KV.Compact": method("KV/Compact", new Message({ revision: int64(1) }), new Message({ header })),
  "Lease.LeaseGrant": method(
    "Lease/LeaseGrant",
    new Message({ TTL: int64(1), ID: int64(2) }),
    new Message({ header, ID: int64(2), TTL: int64(3) }),
  ),
  "Lease.LeaseRevoke": method("Lease/LeaseRevoke", new Message({ ID: int64(1) }), new Message({ header })),
  "Maintenance.Status": method(
    "Maintenance/Status",
    new Message({}),
    new Message({ header, version: string(2), dbSize: int64(3) }),
  ),
};
