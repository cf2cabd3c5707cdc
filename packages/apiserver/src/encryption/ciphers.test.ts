import assert from "node:assert/strict";
import { test } from "node:test";
import { aesCbc, aesGcm, type RandomBytes, secretbox, type ValueCipher } from "./ciphers.ts";

const path = "/registry/secrets/default/x";
const hex = (text: string) => Buffer.from(text.replace(/\s/g, ""), "hex");
const fixed =
  (bytes: Buffer): RandomBytes =>
  (size) => {
    assert.equal(bytes.length, size);
    return bytes;
  };
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();

test("aescbc is AES-CBC behind its IV: NIST SP 800-38A F.2.5, and a block of padding", () => {
  const key = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
  const iv = hex("000102030405060708090a0b0c0d0e0f");
  const plain = hex("6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51");
  const cipher = aesCbc(key, fixed(iv));
  const stored = Buffer.from(cipher.encrypt(plain, path));
  assert.equal(stored.length, 16 + 32 + 16);
  assert.deepEqual(
    stored.subarray(0, 48),
    Buffer.concat([iv, hex("f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d")]),
  );
  assert.deepEqual(Buffer.from(cipher.decrypt(stored, "elsewhere")), plain);
});

test("aesgcm is nonce, ciphertext and tag: test case 16 of the GCM specification, whose additional data is no path", () => {
  const key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const nonce = hex("cafebabefacedbaddecaf888");
  const plain = hex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
  );
  const stored = Buffer.from(aesGcm(key, fixed(nonce)).encrypt(plain, path));
  assert.deepEqual(
    stored.subarray(0, -16),
    Buffer.concat([
      nonce,
      hex(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
      ),
    ]),
  );
});

test("aesgcm authenticates the path: a value made by Go's crypto/cipher", () => {
  // cipher.NewGCM(aes.NewCipher(16 times "k")).Seal(nonce, nonce, "a secret", path) with a nonce of 12 times "n".
  const stored = hex(goGcm);
  const cipher = aesGcm(Buffer.alloc(16, "k"), fixed(Buffer.alloc(12, "n")));
  assert.equal(textOf(cipher.decrypt(stored, path)), "a secret");
  assert.deepEqual(Buffer.from(cipher.encrypt(Buffer.from("a secret"), path)), stored);
  assert.throws(() => cipher.decrypt(stored, "/registry/secrets/default/y"), /^Error: cipher: message authentication/);
});
const goGcm = "6e6e6e6e6e6e6e6e6e6e6e6e5adc39c360179ccb0ba26764c71d44753d6a2609b523e6a2";

test("secretbox is nonce and box: NaCl's own test vector", async () => {
  const key = hex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
  const nonce = hex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37");
  const plain = hex(
    "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705",
  );
  const box = hex(
    "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5",
  );
  const cipher = await secretbox(key, fixed(nonce));
  const stored = Buffer.from(cipher.encrypt(plain, path));
  assert.deepEqual(stored, Buffer.concat([nonce, box]));
  assert.deepEqual(Buffer.from(cipher.decrypt(stored, "elsewhere")), plain);
});

const ciphers: [string, () => ValueCipher | Promise<ValueCipher>][] = [
  ["aescbc", () => aesCbc(Buffer.alloc(24, 1))],
  ["aesgcm", () => aesGcm(Buffer.alloc(32, 1))],
  ["secretbox", () => secretbox(Buffer.alloc(32, 1))],
];
for (const [name, make] of ciphers) {
  test(`${name}: values of every length come back, no two alike, and none cut short`, async () => {
    const cipher = await make();
    for (const size of [0, 1, 15, 16, 17, 5000]) {
      const plain = Buffer.alloc(size, "v");
      const stored = cipher.encrypt(plain, path);
      assert.deepEqual(Buffer.from(cipher.decrypt(stored, path)), plain);
      assert.notDeepEqual(stored, cipher.encrypt(plain, path));
      for (const length of [0, 11, 12, 15, 20, stored.length - 1])
        assert.throws(() => cipher.decrypt(stored.subarray(0, length), path), Error, `${size} cut to ${length}`);
    }
  });
}

test("a changed value is found out, in upstream's words", async () => {
  const plain = Buffer.from("a secret");
  const cases: [ValueCipher, string][] = [
    [aesGcm(Buffer.alloc(16, 1)), "cipher: message authentication failed"],
    [await secretbox(Buffer.alloc(32, 1)), "output array was not large enough for encryption"],
  ];
  for (const [cipher, message] of cases) {
    const stored = cipher.encrypt(plain, path);
    for (let at = 0; at < stored.length; at++) {
      const changed = Buffer.from(stored);
      changed[at]! ^= 1;
      assert.throws(() => cipher.decrypt(changed, path), { message });
    }
  }
  const cbc = aesCbc(Buffer.alloc(16, 1), fixed(Buffer.alloc(16)));
  const stored = Buffer.from(cbc.encrypt(plain, path));
  const withLast = (change: (iv: Buffer) => void) => {
    const changed = Buffer.from(stored);
    change(changed.subarray(0, 16));
    return changed;
  };
  const messages = {
    "the stored data was shorter than the required size": stored.subarray(0, 15),
    "the stored data is not a multiple of the block size": stored.subarray(0, 31),
    "invalid PKCS7 data (empty or not padded)": withLast((iv) => (iv[15]! ^= 8)),
    "invalid padding on input": withLast((iv) => (iv[14]! ^= 1)),
  };
  for (const [message, value] of Object.entries(messages)) assert.throws(() => cbc.decrypt(value, path), { message });
  assert.throws(() => cbc.decrypt(stored.subarray(0, 16), path), /invalid PKCS7 data/);
});
