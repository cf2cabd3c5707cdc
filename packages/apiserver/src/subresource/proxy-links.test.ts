import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { linkThrough, rewritePage } from "./proxy-links.ts";

const page = { prefix: "/api/v1/pods/p/proxy", backend: "10.1.2.3:80", host: "localhost:8001" };

for (const [url, expected] of [
  ["/a/b?x=/y#z", "/api/v1/pods/p/proxy/a/b?x=/y#z"],
  ["/", "/api/v1/pods/p/proxy/"],
  ["/a/../b/", "/api/v1/pods/p/proxy/b/"],
  ["a/b", "a/b"],
  ["#here", "#here"],
  ["mailto:me@example.com", "mailto:me@example.com"],
  ["https://example.com/a", "https://example.com/a"],
  ["//example.com/a", "//example.com/a"],
  ["http://10.1.2.3:80/a", "/api/v1/pods/p/proxy/a"],
  ["http://localhost:8001/a", "http://localhost:8001/api/v1/pods/p/proxy/a"],
  ["http://localhost:8001/api/v1/pods/p/proxy/a", "http://localhost:8001/api/v1/pods/p/proxy/a"],
  ["/api/v1/pods/p/proxy/a", "/api/v1/pods/p/proxy/a"],
] as const)
  test(`${url} through the proxy`, () => assert.equal(linkThrough(url, page), expected));

const html = `<!DOCTYPE html><html><head><link rel=x href=/style.css><script src='/a.js'>if (1 < 2) "<a href='/no'>"</script></head>
<!-- <a href="/no"> --><a title="/t>" HREF="/yes">é</a><img src="pic.png"><form action="/f" data-x="/no"><a href="http://10.1.2.3:80/abs"></a>1 < 2</form>`;
const changed = html
  .replace("=/style.css", "=/api/v1/pods/p/proxy/style.css")
  .replace("'/a.js'", "'/api/v1/pods/p/proxy/a.js'")
  .replace('"/yes"', '"/api/v1/pods/p/proxy/yes"')
  .replace('"/f"', '"/api/v1/pods/p/proxy/f"')
  .replace("http://10.1.2.3:80/abs", "/api/v1/pods/p/proxy/abs");

async function all(chunks: AsyncIterable<Uint8Array> | undefined) {
  const found: Uint8Array[] = [];
  for await (const chunk of chunks ?? []) found.push(chunk);
  return Buffer.concat(found);
}

test("a page's links are changed, in whatever pieces it comes", async () => {
  const bytes = Buffer.from(html);
  for (const size of [1, 7, 1000]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    assert.equal((await all(rewritePage(Readable.from(pieces), "", page))).toString(), changed);
  }
});

test("compressed, it stays so; in a form that is not known it stays as it is", async () => {
  const packed = await all(rewritePage(Readable.from([gzipSync(html)]), "gzip", page));
  assert.equal(gunzipSync(packed).toString(), changed);
  assert.equal(rewritePage(Readable.from([]), "br", page), undefined);
});

test("when either end goes away, what is between them goes too", async () => {
  const endless = () => new Readable({ read() {} });
  const unread = endless();
  unread.push(gzipSync(html).subarray(0, 100));
  (rewritePage(unread, "gzip", page) as unknown as Readable).destroy();
  await new Promise((resolve) => unread.on("close", resolve));
  const broken = endless();
  const rest = all(rewritePage(broken, "gzip", page));
  broken.destroy(new Error("gone"));
  await assert.rejects(rest);
});

test("what never ends as a tag is passed on", async () => {
  for (const part of ["x", "<a ", "<a href", " ", "=", "\"'"]) {
    const odd = `<a href="${part.repeat(100_000 / part.length)}`;
    const before = process.threadCpuUsage();
    for (const text of [odd, `<a ${part.repeat(60_000 / part.length)}>`, `<a${part.repeat(60_000 / part.length)}`])
      assert.equal((await all(rewritePage(Readable.from([Buffer.from(text)]), "", page))).toString(), text);
    // Quadratic time was six seconds.
    const { user, system } = process.threadCpuUsage(before);
    assert.ok(user + system < 2_000_000, part);
  }
});
