// The client of Socket.IO's public chat-platform sample works here unchanged. This is not that client but what it
// does: the same requests and commands with the same payloads, in the same order, from the same place (a page behind a
// web server that passes /api/ through), and what it takes from the answers. docs/protocol.md says how to run the real one.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { io } from 'socket.io-client';

import { Front } from '../../harness/front.mjs';
import { PASSWORD, request, sessionCookie, signUp } from '../../harness/http.mjs';
import { Server } from '../../harness/server.mjs';
import { until } from '../../harness/wait.mjs';

/** One tab of the sample: its session, its socket and its store. */
class SampleTab {
  channels = new Map();
  users = new Map();
  user = null;
  left = null;
  #selected = null;
  #isReady = false;

  constructor(front, cookie) {
    this.front = front;
    this.cookie = cookie;
  }

  async post(path, body) {
    const answer = await request(this.front, 'POST', `/api${path}`, {
      body,
      cookie: this.cookie,
      headers: { origin: this.front.url },
    });
    this.cookie = sessionCookie(answer) ?? this.cookie;
    return answer;
  }

  /** The sign-up and the log-in form: on 200 the answer is the current user, and the socket connects. */
  async enter(path, username) {
    const answer = await this.post(path, { username, password: PASSWORD });
    assert.equal(answer.status, 200, answer.text);
    this.user = answer.body;
    return this.#begin();
  }

  /** A reload: who am I, then as after the forms. */
  async reload() {
    const answer = await request(this.front, 'GET', '/api/self', { cookie: this.cookie });
    if (answer.status !== 200) return null;
    this.user = answer.body;
    return this.#begin();
  }

  async #begin() {
    this.#isReady = false;
    this.channels.clear();
    this.socket = io(this.front.url, {
      path: '/api/socket.io/',
      autoConnect: false,
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 300,
      extraHeaders: { cookie: this.cookie, origin: this.front.url },
    });
    this.#bind();
    this.socket.connect();
    const listed = await this.socket.emitWithAck('channel:list', { size: 100 });
    listed.data.forEach((channel) => this.#add(channel));
    this.#isReady = true;
    return [...this.channels.values()].find((channel) => channel.name === 'General').id;
  }

  #bind() {
    this.socket.on('connect', async () => {
      if (!this.#isReady) return;
      const listed = await this.socket.emitWithAck('channel:list', { size: 100 });
      listed.data.forEach((channel) => this.#add(channel));
      await this.load('forward');
    });
    for (const name of ['channel:created', 'channel:joined']) {
      this.socket.on(name, (channel) => this.#add(channel));
    }
    this.socket.on('message:sent', (message) => this.#show(message, true));
    this.socket.on('user:connected', (id) => this.users.has(id) && (this.users.get(id).isOnline = true));
    this.socket.on('user:disconnected', (id) => this.users.has(id) && (this.users.get(id).isOnline = false));
    this.socket.on('message:typing', ({ channelId, userId, isTyping }) => {
      const { typing } = this.channels.get(channelId);
      if (isTyping) typing.add(userId);
      else typing.delete(userId);
    });
    this.socket.on('disconnect', (reason) => (this.left = reason));
  }

  #add(channel) {
    const known = this.channels.get(channel.id);
    if (known) Object.assign(known, channel, { isLoaded: false });
    else this.channels.set(channel.id, { ...channel, messages: [], typing: new Set(), isLoaded: false });
  }

  async select(channelId) {
    this.#selected = channelId;
    await this.load();
  }

  get selected() {
    return this.channels.get(this.#selected);
  }

  get contents() {
    return this.selected.messages.map((message) => message.content);
  }

  async load(order = 'backward', force = false) {
    const channel = this.selected;
    if (!channel || (channel.isLoaded && !force)) return;
    const query = { size: 20, channelId: channel.id, orderBy: order === 'backward' ? 'id:desc' : 'id:asc' };
    const edge = channel.messages.at(order === 'backward' ? 0 : -1);
    if (edge) query.after = edge.id;
    const page = await this.socket.emitWithAck('message:list', query);
    assert.equal(page.status, 'OK', JSON.stringify(page));
    page.data.forEach((message) => this.#show(message));
    if (order === 'forward' && page.hasMore) return this.load('forward');
    Object.assign(channel, { isLoaded: true, hasMore: page.hasMore });
    await this.#acknowledge();
  }

  /** The sample sorts by the id as a number and drops what it has. */
  #show(message, isLive = false) {
    const channel = this.channels.get(message.channelId);
    if (!channel || channel.messages.some((known) => known.id === message.id)) return;
    channel.messages.push(message);
    channel.messages.sort((one, other) => parseInt(one.id, 10) - parseInt(other.id, 10));
    if (!isLive || message.from === this.user.id) return;
    channel.unreadCount += 1;
    // The sample waits for no answer here; a cut while it is under way is mended by what follows `connect`.
    this.#acknowledge().catch(() => {});
  }

  async #acknowledge() {
    const channel = this.selected;
    if (!(channel?.unreadCount > 0)) return;
    const messageId = channel.messages.at(-1).id;
    const answer = await this.socket.emitWithAck('message:ack', { channelId: channel.id, messageId });
    assert.equal(answer.status, 'OK', JSON.stringify(answer));
    channel.unreadCount = 0;
  }

  async send(content) {
    const channelId = this.selected.id;
    const sent = await this.socket.emitWithAck('message:send', { channelId, content });
    assert.equal(sent.status, 'OK', JSON.stringify(sent));
    this.#show({ id: sent.data.id, from: this.user.id, channelId, content });
  }

  async ask(name, payload) {
    const answer = await this.socket.emitWithAck(name, payload);
    assert.equal(answer.status, 'OK', `${name}: ${JSON.stringify(answer)}`);
    return answer.data;
  }

  async person(userId) {
    if (!this.users.has(userId)) this.users.set(userId, await this.ask('user:get', { userId }));
    return this.users.get(userId);
  }
}

describe("the sample's own client", () => {
  let front;
  let server;
  const tabs = [];
  const tab = (cookie) => {
    const made = new SampleTab(front, cookie);
    tabs.push(made);
    return made;
  };

  before(async () => {
    front = await Front.start();
    server = await Server.start({ env: { HEARTH_PUBLIC_URL: front.url, HEARTH_RATE_LIMITS: 'off' } });
    front.target = server.url;
    // The sample's form knows no setup code, so the owner's account comes first.
    const [, setupCode] = server.log.match(/setup_code="?([A-Z0-9-]+)/);
    await signUp(front, 'owner', { setupCode });
  });
  afterEach(() => tabs.splice(0).forEach((each) => each.socket?.close()));
  after(async () => {
    await server?.remove();
    await front?.stop();
  });

  test('signs up, talks, finds people and channels, and sees who is there', async () => {
    const [ada, ben] = [tab(), tab()];
    const general = await ada.enter('/signup', 'ada');
    await ada.select(general);
    await ben.enter('/signup', 'ben');
    await ben.select(general);

    ada.socket.emit('message:typing', { channelId: general, isTyping: true });
    await until('ada types', () => ben.selected.typing.has(ada.user.id));
    await ada.send('hello');
    ada.socket.emit('message:typing', { channelId: general, isTyping: false });
    await until('the message', () => ben.contents.includes('hello'));
    await until('typing ends', () => ben.selected.typing.size === 0);
    assert.equal((await ben.person(ada.user.id)).username, 'ada');
    assert.equal(ben.users.get(ada.user.id).isOnline, true);

    const made = await ada.ask('channel:create', { name: 'Music' });
    assert.equal(made.type, 'public');
    const found = await ben.ask('channel:search', { q: 'Mus' });
    assert.deepEqual(
      found.map((channel) => [channel.id, channel.name]),
      [[made.id, 'Music']],
    );
    assert.equal((await ben.ask('channel:join', { channelId: made.id })).id, made.id);

    const people = await ben.ask('user:search', { q: 'ad' });
    assert.deepEqual(
      people.map((user) => [user.id, user.username]),
      [[ada.user.id, 'ada']],
    );
    const direct = await ben.ask('user:reach', { userIds: [ada.user.id] });
    await until('the direct conversation', () => ada.channels.has(direct.id));
    assert.deepEqual([ada.channels.get(direct.id).type, ada.channels.get(direct.id).users], ['private', [ben.user.id]]);
    await ada.select(direct.id);
    await ada.send('between us');
    assert.deepEqual(
      (await ben.ask('message:list', { size: 20, channelId: direct.id, orderBy: 'id:desc' })).map((m) => m.content),
      ['between us'],
    );

    ada.socket.close();
    await until('ada is gone', () => ben.users.get(ada.user.id).isOnline === false);
  });

  test('reloads into what was there, with what is unread, and pages back to the beginning', async () => {
    const writer = tab();
    const general = await writer.enter('/signup', 'cleo');
    const reader = tab();
    await reader.enter('/signup', 'dora');
    reader.socket.close();
    await writer.select(general);
    for (let i = 1; i <= 45; i += 1) await writer.send(`line ${i}`);

    const again = tab(reader.cookie);
    await again.reload();
    assert.equal(again.channels.get(general).unreadCount, 45);
    await again.select(general);
    assert.equal(again.channels.get(general).unreadCount, 0, 'acknowledged');
    while (again.selected.hasMore) await again.load('backward', true);
    assert.deepEqual(again.contents, writer.contents);
  });

  test('catches up by itself when the server comes back', async () => {
    const [writer, reader] = [tab(), tab()];
    const general = await writer.enter('/signup', 'edda');
    await writer.select(general);
    await reader.enter('/signup', 'finn');
    await reader.select(general);
    await writer.send('before');
    await until('the message', () => reader.contents.includes('before'));

    await server.kill();
    await until('finn notices', () => !reader.socket.connected);
    await server.run();
    await until('edda is back', () => writer.socket.connected);
    for (let i = 1; i <= 30; i += 1) await writer.send(`while away ${i}`);
    const missed = Array.from({ length: 30 }, (_, i) => `while away ${i + 1}`);
    await until('finn has all of it, once and in order', () => reader.contents.slice(-30).join() === missed.join());
    assert.equal(new Set(reader.contents).size, reader.contents.length);
  });

  test('is sent to its login page when its session ends, and gets in again', async () => {
    const gina = tab();
    await gina.enter('/signup', 'gina');
    assert.equal((await gina.post('/logout')).status, 204);
    await until('the socket is cut for good', () => gina.left === 'io server disconnect');
    assert.equal(await gina.reload(), null, 'the page asks who it is and gets 401');
    const wrong = await gina.post('/login', { username: 'gina', password: 'something else' });
    assert.equal(wrong.status, 401);
    await gina.enter('/login', 'gina');
    assert.equal(gina.user.username, 'gina');
  });
});
