// The official client under faults: started by crates/chaos, which tells it what to do on stdin. On stdout it writes the
// history (docs/reliability.md) as JSON lines, and what it has done as words.

import { createInterface } from 'node:readline';

import { pause } from '../harness/wait.mjs';
import { client } from './lib/client.mjs';

const PATIENCE = 7_000;
/** Between two messages, in milliseconds. */
const TALK_EVERY = 60;
/** How often it asks, in the end, for what it has not been shown. What never comes is for the checker to judge. */
const LAST_ASKS = 200;

const { url, cookie, user, transports, chan, zero } = JSON.parse(process.argv[2]);
const proc = `${user}/js`;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const hear = async () => (await lines.next()).value;
const say = (word) => process.stdout.write(`${word}\n`);
const record = (type, fields) => say(JSON.stringify({ type, proc, user, ...fields }));

/** CLOCK_MONOTONIC in both, so that one history has one clock. */
const now = () => Number(process.hrtime.bigint() - BigInt(zero)) / 1e6;

/** FNV-1a, 64 bits, as crates/chaos computes it. */
function hashOf(text) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}

/** What is held: by place; and the messages that wait for those before them. */
const view = new Map();
const fresh = new Map();
let first = null;
let shown = 0;
let cursor = 0;
let syncing = null;
const outbox = [];
let written = 0;
let talks = true;

const socket = client({ url }, { cookie, transports });
const ask = (name, payload) => socket.timeout(PATIENCE).emitWithAck(name, payload);

socket.on('connect', () => {
  record('conn', { t: now(), up: true });
  void sync();
});
socket.on('disconnect', () => record('conn', { t: now(), up: false }));
for (const name of ['message:sent', 'message:updated'])
  socket.on(name, (message) => message.channelId === chan && take(message));
socket.on('heads', (heads) => heads[chan]?.rev > cursor && void sync());

/** A change has come: the next one, or a reason to ask. What comes before the first answer stands before the beginning. */
function take(message) {
  if (first === null || message.rev <= cursor) return;
  if (message.rev === cursor + 1) {
    cursor = message.rev;
    put(message);
    show();
  } else void sync();
}

function put(message) {
  const seq = Number(message.id);
  const place = seq > shown ? fresh : view;
  const known = place.get(seq);
  if (known ? known.rev < message.rev : seq > shown) place.set(seq, message);
}

function show() {
  for (let next = fresh.get(shown + 1); next; next = fresh.get(shown + 1)) {
    shown += 1;
    fresh.delete(shown);
    view.set(shown, next);
    const { id, clientId = null, content } = next;
    record('recv', { t: now(), chan, seq: shown, id, cmid: clientId, hash: hashOf(content) });
  }
}

/** Ask for what was missed; one question at a time. */
function sync() {
  syncing ??= catchUp()
    .catch(() => {})
    .finally(() => (syncing = null));
  return syncing;
}

async function catchUp() {
  const answer = await ask('message:sync', { channels: first === null ? {} : { [chan]: cursor } });
  if (answer.status !== 'OK') return;
  if (first === null) {
    const channel = answer.data.joined.find(({ id }) => id === chan);
    [first, shown, cursor] = [channel.seq, channel.seq, channel.rev];
    record('member', { t: now(), chan, op: 'join', head: shown });
    return;
  }
  const got = answer.data.channels[chan];
  if (!got) return;
  if (got.truncated) return void (await reload());
  got.messages.forEach(put);
  cursor = Math.max(cursor, got.head.rev);
  show();
}

/** Too much was missed: what comes after what was shown, page by page; what was held before may be stale. */
async function reload() {
  view.clear();
  fresh.clear();
  let rev = null;
  for (let more = true; more;) {
    const page = await ask('message:list', { channelId: chan, size: 100, ...(shown ? { after: `${shown}` } : {}) });
    if (page.status !== 'OK') return;
    rev ??= page.rev;
    page.data.forEach(put);
    show();
    more = page.hasMore;
  }
  cursor = Math.max(cursor, rev);
}

/** Write, and repeat what has no answer. One message at a time. */
async function talk() {
  while (talks || outbox.length > 0) {
    if (outbox.length === 0) {
      written += 1;
      const cmid = `${user}-js-${written}`;
      outbox.push({ channelId: chan, clientId: cmid, content: `${cmid} grüße 🙂` });
    }
    const [letter] = outbox;
    if (socket.connected && first !== null) await deliver(letter);
    await pause(TALK_EVERY);
  }
}

async function deliver(letter) {
  const t0 = now();
  const answer = await ask('message:send', letter).catch(() => ({}));
  const res = { OK: 'ok', ERROR: 'fail' }[answer.status] ?? 'info';
  const unknown = ['UNAVAILABLE', 'INTERNAL'].includes(answer.code);
  const place = res === 'ok' ? { seq: answer.data.seq, id: answer.data.id } : {};
  const attempt = { cmid: letter.clientId, hash: hashOf(letter.content), ...place };
  record('send', { t0, t1: now(), res: unknown ? 'info' : res, chan, ...attempt });
  if (res !== 'ok') return;
  outbox.shift();
  if (answer.data.repeated) await sync();
  else take({ ...letter, id: answer.data.id, rev: answer.data.rev });
}

socket.connect();
const talking = talk();
await hear();
talks = false;
await talking;
say('drained');
const head = Number((await hear()).split(' ')[1]);
let asked = 0;
while (!socket.connected || (shown < head && asked < LAST_ASKS)) {
  if (socket.connected) asked += 1;
  await sync();
  await pause(50);
}
await sync();
const rows = [...view.keys()].sort((one, other) => one - other);
const text = rows.map((seq) => `${seq}:${hashOf(view.get(seq).content)}\n`).join('');
record('view', { t: now(), chan, from: rows[0] ?? shown + 1, head: shown, digest: hashOf(text) });
say('settled');
process.exit(0);
