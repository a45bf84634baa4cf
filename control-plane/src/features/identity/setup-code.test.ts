import assert from "node:assert/strict";
import test from "node:test";
import { setUp } from "./contract.ts";
import { PASSWORD, startIdentity } from "./identity.test-support.ts";
import { ensureSetupCode } from "./setup-code.ts";

const alice = { name: "alice", password: PASSWORD };

test("the setup code makes the first account, which owns everything", async () => {
  const { ask, as, store, random } = await startIdentity();
  const code = (await ensureSetupCode(store, random)) ?? "";

  const session = await ask(setUp, { ...alice, code });

  assert.match(code, /^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$/);
  assert.deepEqual(session.roles, ["owner"]);
  assert.deepEqual((await as(session)).permissions, ["*"]);
});

test("a setup code may be typed in small letters, with blanks and with letters that look like digits", async () => {
  const { ask, store, random } = await startIdentity();
  const code = (await ensureSetupCode(store, random)) ?? "";
  const typed = code.toLowerCase().replaceAll("-", " ").replaceAll("0", "o").replaceAll("1", "l");

  assert.equal((await ask(setUp, { ...alice, code: typed })).user, "alice");
});

test("a wrong setup code is refused and makes nothing", async () => {
  const { ask, store, random } = await startIdentity();
  await ensureSetupCode(store, random);

  await assert.rejects(ask(setUp, { ...alice, code: "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA" }), { type: "forbidden" });

  assert.equal(store.lastNumber, 0);
});

test("each start makes the setup code of the start before useless", async () => {
  const { ask, store, random } = await startIdentity();
  const old = (await ensureSetupCode(store, random)) ?? "";
  const fresh = (await ensureSetupCode(store, random)) ?? "";

  await assert.rejects(ask(setUp, { ...alice, code: old }), { type: "forbidden" });
  assert.equal((await ask(setUp, { ...alice, code: fresh })).user, "alice");
});

test("once there is an account there is no setup code, and the old one is spent", async () => {
  const { ask, store, random } = await startIdentity();
  const code = (await ensureSetupCode(store, random)) ?? "";
  await ask(setUp, { ...alice, code });

  assert.equal(await ensureSetupCode(store, random), undefined);
  await assert.rejects(ask(setUp, { ...alice, name: "mallory", code }), { type: "conflict" });
});

test("of two that use the setup code at the same moment one gets in", async () => {
  const { ask, store, random } = await startIdentity();
  const code = (await ensureSetupCode(store, random)) ?? "";

  const outcomes = await Promise.allSettled([
    ask(setUp, { ...alice, code }),
    ask(setUp, { ...alice, name: "mallory", code }),
  ]);

  assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
});
