/** The store's promises on a real etcd. */

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import type { Store } from "../store.ts";
import { storeSuite } from "../store-suite.ts";
import { type EtcdCluster, etcdTestSkip, startEtcd } from "../testing/index.ts";
import { openEtcdStore } from "./open.ts";
import { opaqueForm } from "./stored-form.ts";

describe("etcd", { skip: await etcdTestSkip() }, () => {
  let etcd: EtcdCluster;
  let prefixes = 0;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd.stop());

  storeSuite("etcd", async () => {
    const prefix = `/suite-${prefixes++}`;
    const open = () => openEtcdStore({ servers: etcd.servers, prefix, root: "", form: opaqueForm });
    let store: Store = await open();
    assert.equal(store.expiresKeys, true);
    return {
      get store() {
        return store;
      },
      async reopen() {
        await store.close();
        store = await open();
        return store;
      },
      dispose: () => store.close(),
      shared: true,
    };
  });
});
