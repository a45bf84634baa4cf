import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { SERVER_NAME } from "@edgemere/protocol";
import { DAY, systemRandom } from "@edgemere/protocol/kit";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { certifyBroker, openAuthority, pinOf } from "./authority.ts";
import { aRequest } from "./broker.test-support.ts";
import { serialOf } from "../platform/serial-number.ts";

const START = new ManualClock().now();
const open = ({
  disk = new SimulatedDisk(),
  now = START,
  hostNames = ["gw.example.org"],
  addresses = ["192.0.2.7"],
}: {
  disk?: SimulatedDisk;
  now?: number;
  hostNames?: readonly string[];
  addresses?: readonly string[];
} = {}) => openAuthority({ disk, clock: new ManualClock(now), random: systemRandom, hostNames, addresses });

const chainOf = (pem: string) =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (each) => new X509Certificate(each),
  );
const leafOf = (authority: Awaited<ReturnType<typeof open>>) => new X509Certificate(authority.server.certificate);

test("the second start finds the keys of the first", async () => {
  const disk = new SimulatedDisk();
  const first = await open({ disk });

  const second = await open({ disk, now: START + DAY });

  const lasting = ({ trustDomain, pin, root, server, keys, deviceRoots }: typeof first) => ({
    trustDomain,
    pin,
    root,
    server: [server.key, server.certificate, server.ticketKeys],
    keyring: Buffer.from(keys.keyring),
    deviceRoots,
    keys: (["commands", "dangerous"] as const).map((role) =>
      keys.signer.keysFor(role).map(({ keyId, privateKey }) => [keyId, privateKey.export({ format: "jwk" }).d]),
    ),
  });
  assert.deepEqual(lasting(second), lasting(first));
});

test("two authorities share nothing", async () => {
  const [one, other] = [await open(), await open()];

  assert.notEqual(one.pin, other.pin);
  assert.notEqual(one.trustDomain, other.trustDomain);
  assert.notEqual(one.keys.signer.keysFor("commands")[0]?.keyId, other.keys.signer.keysFor("commands")[0]?.keyId);
});

test("the pin is that of the root's key, and the listener shows the chain up to it", async () => {
  const authority = await open();

  const [leaf, issuer, root] = chainOf(authority.server.certificate);

  assert.ok(leaf && issuer && root);
  assert.equal(authority.pin, pinOf(authority.root));
  assert.equal(root.toString(), new X509Certificate(authority.root).toString());
  assert.ok(leaf.verify(issuer.publicKey) && leaf.checkIssued(issuer));
  assert.ok(issuer.verify(root.publicKey) && issuer.checkIssued(root));
  assert.deepEqual([leaf.ca, issuer.ca, root.ca], [false, true, true]);
});

test("a root that is missing beside other keys is never made anew", async () => {
  const disk = new SimulatedDisk();
  await open({ disk });
  await disk.remove("authority/root.pem");

  await assert.rejects(
    open({ disk }),
    /authority\/root\.pem is missing beside .*device-issuer\.pem.*restore it from a backup/,
  );
  assert.ok(!(await disk.list("authority")).includes("root.pem"));
});

test("any other part that is missing is made anew under the same root", async () => {
  const disk = new SimulatedDisk();
  const { pin } = await open({ disk });
  for (const name of ["device-issuer.pem", "server-issuer.pem", "server.pem", "ticket-keys"])
    await disk.remove(`authority/${name}`);

  const again = await open({ disk });

  const [leaf, issuer] = chainOf(again.server.certificate);
  assert.equal(again.pin, pin);
  assert.ok(leaf && issuer && leaf.verify(issuer.publicKey));
});

test("a file that holds no key and certificate is named", async () => {
  const disk = new SimulatedDisk();
  await open({ disk });
  await disk.write("authority/device-issuer.pem", Buffer.from("nothing"));

  await assert.rejects(
    open({ disk }),
    /authority\/device-issuer\.pem does not hold a key and a certificate: restore it/,
  );
});

test("the listener's certificate names every way to this machine, and the name that devices ask for", async () => {
  const leaf = leafOf(await open());

  assert.deepEqual(
    [leaf.checkHost(SERVER_NAME), leaf.checkHost("gw.example.org"), leaf.checkIP("192.0.2.7")],
    [SERVER_NAME, "gw.example.org", "192.0.2.7"],
  );
  assert.deepEqual([leaf.checkHost("other.example.org"), leaf.checkIP("192.0.2.8")], [undefined, undefined]);
});

for (const [title, over, isRenewed] of [
  ["stays while it has long to go", { now: START + 300 * DAY }, false],
  ["is made anew when it ends within sixty days", { now: START + 338 * DAY }, true],
  ["is made anew when it ended already", { now: START + 500 * DAY }, true],
  ["is made anew when the machine has another name", { hostNames: ["new.example.org"] }, true],
  ["is made anew when the machine has another address", { addresses: ["192.0.2.9"] }, true],
  ["stays when a name is no longer used", { hostNames: [] }, false],
] as const) {
  test(`the listener's certificate ${title}`, async () => {
    const disk = new SimulatedDisk();
    const first = await open({ disk });

    const second = await open({ disk, ...over });

    assert.equal(leafOf(second).serialNumber !== leafOf(first).serialNumber, isRenewed);
    assert.equal(second.pin, first.pin);
  });
}

test("at somebody else's broker the control plane shows a certificate of its own, renewed when it ends soon", async () => {
  const disk = new SimulatedDisk();
  const client = await (await open({ disk })).client();
  const [leaf, issuer, root] = chainOf(client.certificate);

  assert.ok(leaf && issuer && root && leaf.verify(issuer.publicKey) && issuer.verify(root.publicKey));
  assert.deepEqual([leaf.subject, leaf.ca, leaf.keyUsage], ["CN=control-plane", false, ["1.3.6.1.5.5.7.3.2"]]);
  assert.deepEqual(await (await open({ disk, now: START + 300 * DAY })).client(), client);
  assert.notDeepEqual(await (await open({ disk, now: START + 338 * DAY })).client(), client);
});

test("a broker's certificate is taken for the control plane's, and holds for the names that were asked for", async () => {
  const disk = new SimulatedDisk();
  const { root } = await open({ disk });
  const tools = { disk, clock: new ManualClock(), random: systemRandom };

  const broker = await certifyBroker(tools, { hostNames: ["mq.example.org"], addresses: ["192.0.2.9"] });

  const [leaf, issuer, top] = chainOf(broker.certificate);
  assert.ok(leaf && issuer && top && leaf.verify(issuer.publicKey) && issuer.verify(top.publicKey));
  assert.deepEqual([broker.root, top.toString()], [root, new X509Certificate(root).toString()]);
  assert.deepEqual(
    [leaf.checkHost(SERVER_NAME), leaf.checkHost("mq.example.org"), leaf.checkIP("192.0.2.9"), leaf.keyUsage],
    [SERVER_NAME, "mq.example.org", "192.0.2.9", ["1.3.6.1.5.5.7.3.1"]],
  );
});

test("where there is no authority a broker gets no certificate, and none is made for it", async () => {
  const disk = new SimulatedDisk();
  const tools = { disk, clock: new ManualClock(), random: systemRandom };

  await assert.rejects(certifyBroker(tools, { hostNames: [], addresses: [] }), {
    name: "NoSuchKey",
    message: "there is no authority/root.pem",
  });
  assert.deepEqual(await disk.list("authority"), []);
});

test("of a request only the key counts: name, place and purpose are the authority's own", async () => {
  const authority = await open();
  const { request } = await aRequest();

  const issued = await authority.issue(request, "d1");

  const certificate = new X509Certificate(issued.certificate);
  const [issuer, root] = issued.chain.map((each) => new X509Certificate(each));
  assert.ok(issuer && root && certificate.verify(issuer.publicKey) && issuer.verify(root.publicKey));
  assert.equal(certificate.subject, "CN=d1");
  assert.equal(certificate.subjectAltName, `URI:edgemere://${authority.trustDomain}/device/d1`);
  assert.deepEqual([certificate.ca, certificate.keyUsage], [false, ["1.3.6.1.5.5.7.3.2"]]);
  assert.equal(issued.serial, serialOf(certificate.serialNumber));
  assert.equal(issued.notAfter, START + 14 * DAY);
  assert.deepEqual(authority.deviceRoots, [authority.root, issued.chain[0]]);
});

test("what a request asks for beside its key is told, and not granted", async () => {
  const authority = await open();
  const { request } = await aRequest();

  const { wishes } = await authority.publicKeyOf(request);

  assert.deepEqual(wishes, ['the name "CN=whoever"']);
});

test("an issuer that ends within sixty days makes way for a new one without a restart, and what the old one certified still leads to the root", async () => {
  const clock = new ManualClock(START);
  const parts = { disk: new SimulatedDisk(), clock, random: systemRandom, hostNames: [], addresses: ["192.0.2.7"] };
  const authority = await openAuthority(parts);
  const { request } = await aRequest();
  const before = await authority.issue(request, "d1");
  const shown = leafOf(authority);
  await clock.advance(306 * DAY);

  const after = await authority.issue(request, "d1");

  assert.notEqual(after.chain[0], before.chain[0]);
  const root = new X509Certificate(authority.root);
  for (const { certificate, chain } of [before, after]) {
    const issuer = new X509Certificate(chain[0] ?? "");
    assert.ok(new X509Certificate(certificate).verify(issuer.publicKey) && issuer.verify(root.publicKey));
  }
  const [leaf, issuer] = chainOf((await authority.server.current()).certificate);
  assert.ok(leaf && issuer && leaf.verify(issuer.publicKey) && issuer.verify(root.publicKey));
  assert.notEqual(leaf.serialNumber, shown.serialNumber);
});

test("a device's certificate never outlives its issuer", async () => {
  const disk = new SimulatedDisk();
  const life = { disk, random: systemRandom, hostNames: [], addresses: [], deviceLife: 500 * DAY };
  const authority = await openAuthority({ ...life, clock: new ManualClock(START) });

  const { notAfter, chain } = await authority.issue((await aRequest()).request, "d1");

  const { validTo } = new X509Certificate(chain[0] ?? "");
  // oxlint-disable-next-line no-restricted-globals -- a written date is read, no clock is asked
  assert.equal(notAfter, Date.parse(validTo));
});

test("a join state is known again after a restart, and one that was changed or made elsewhere is not", async () => {
  const disk = new SimulatedDisk();
  const text = (await open({ disk })).joinStates.sign({ device: "d1", number: 7 });
  const { joinStates } = await open({ disk });
  const [payload = "", signature = ""] = text.split(".");
  const raised = Buffer.from(JSON.stringify({ device: "d1", number: 8 })).toString("base64url");

  assert.deepEqual(joinStates.read(text), { device: "d1", number: 7 });
  for (const forged of ["", ".", "a.b", payload, `${raised}.${signature}`, `${payload}.${"A".repeat(86)}`])
    assert.equal(joinStates.read(forged), undefined);
  assert.equal((await open()).joinStates.read(text), undefined);
});

test("each certificate has a serial number of its own, and the same key the same hash", async () => {
  const authority = await open();
  const { request } = await aRequest();

  const [one, other] = [await authority.issue(request, "d1"), await authority.issue(request, "d1")];

  assert.notEqual(one.serial, other.serial);
  assert.deepEqual(await authority.publicKeyOf(request), await authority.publicKeyOf(request));
  assert.notDeepEqual(await authority.publicKeyOf(request), await authority.publicKeyOf((await aRequest()).request));
});

const P384 = { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" };
const RSA = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2_048,
  publicExponent: new Uint8Array([1, 0, 1]),
};
/** The request with one bit of its signature, which stands last, turned. */
const damaged = (pem: string) => {
  const bytes = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  return `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString("base64")}\n-----END CERTIFICATE REQUEST-----`;
};

for (const [title, request, why] of [
  ["with a key on another curve", async () => (await aRequest(P384)).request, /its key is no P-256 key/],
  ["with a key of another kind", async () => (await aRequest(RSA)).request, /its key is no P-256 key/],
  [
    "whose sender does not hold the key",
    async () => damaged((await aRequest()).request),
    /its signature does not fit its key/,
  ],
  ["that is no request", async () => "hello", /it cannot be read/],
  ["that is empty", async () => "", /it cannot be read/],
  ["that is a certificate", async () => (await open()).root, /it cannot be read/],
] as const) {
  test(`a certificate request ${title} is refused`, async () => {
    const authority = await open();
    const text = await request();
    const refusal = { type: "invalid-input", message: why };

    await assert.rejects(authority.publicKeyOf(text), refusal);
    await assert.rejects(authority.issue(text, "d1"), refusal);
  });
}

for (const [written, spelling] of [
  ["0A1B", "a1b"],
  ["a1b", "a1b"],
  ["00", "0"],
  ["7F00", "7f00"],
] as const) {
  test(`the serial number ${written} is spelt ${spelling}`, () => {
    assert.equal(serialOf(written), spelling);
  });
}
