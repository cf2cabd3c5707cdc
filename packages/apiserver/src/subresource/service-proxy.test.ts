import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { after, before, test } from "node:test";
import { realServer } from "../testing/real-server.ts";
import { requestOf, send } from "../testing/server.ts";

const namespace = "/api/v1/namespaces/default";
const slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
let backend: Server;
const dialled: string[] = [];
/** Whoever is called, the backend answers. */
const server = realServer({
  egress: {
    cluster: async (host, port) => {
      dialled.push(`${host}:${port}`);
      return connect((backend.address() as AddressInfo).port, "127.0.0.1");
    },
  },
});

before(async () => {
  backend = createServer(({ url }, response) => void response.end(`at ${url}`)).listen(0, "127.0.0.1");
  await once(backend, "listening");
  for (const name of ["web", "empty"]) {
    const spec = {
      ports: [
        { name: "http", port: 80 },
        { name: "admin", port: 81 },
      ],
    };
    assert.equal((await send(server, "POST", `${namespace}/services`, { metadata: { name }, spec })).status, 201);
  }
});

after(() => {
  backend.closeAllConnections();
  backend.close();
});

const endpoint = (address: string, ready?: boolean) => ({
  addresses: [address],
  ...(ready === undefined ? {} : { conditions: { ready } }),
});

async function makeSlice(name: string, labels: object, port: object, ...endpoints: object[]): Promise<void> {
  const slice = { metadata: { name, labels }, addressType: "IPv4", ports: [port], endpoints };
  const made = await send(server, "POST", slices, slice);
  assert.equal(made.status, 201, made.text);
}

test("a Service's proxy goes to the ready endpoints of its own slices, whichever of them", async () => {
  const of = (service: string) => ({ "kubernetes.io/service-name": service });
  await makeSlice("web-1", of("web"), { name: "http", port: 8080 }, endpoint("10.1.0.1"), endpoint("10.1.0.2", false));
  await makeSlice("web-2", of("web"), { name: "http", port: 8081 }, endpoint("10.1.0.3", true));
  await makeSlice("web-admin", of("web"), { name: "admin", port: 9090 }, endpoint("10.1.0.4"));
  await makeSlice("webs", of("webs"), { name: "http", port: 8080 }, endpoint("10.1.0.5"));
  await makeSlice("nobodys", {}, { name: "http", port: 8080 }, endpoint("10.1.0.6"));
  const reached = new Set<string>();
  for (let tries = 0; tries < 200 && reached.size < 2; tries++) {
    const response = await server.handle(requestOf("GET", `${namespace}/services/web:http/proxy/a?b=c`));
    const text = response.body.type === "stream" ? await Array.fromAsync(response.body.stream) : [];
    assert.deepEqual([response.status, Buffer.concat(text).toString()], [200, "at /a?b=c"]);
    reached.add(dialled.at(-1)!);
  }
  assert.deepEqual([...reached].sort(), ["10.1.0.1:8080", "10.1.0.3:8081"]);
});

test("a Service without ready endpoints of the port is 503", async () => {
  for (const name of ["empty:http", "web:82"]) {
    const none = await send(server, "GET", `${namespace}/services/${name}/proxy/`);
    const service = name.split(":")[0];
    assert.deepEqual(
      [none.status, none.json.message],
      [503, `no endpoints available for service ${JSON.stringify(service)}`],
    );
  }
});
