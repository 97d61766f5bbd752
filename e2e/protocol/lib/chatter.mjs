// A client that behaves as a careful program should: an outbox that repeats what has no answer, and a timeline that
// is made of what it is told, repaired by `message:sync`. Nothing here knows what the others did.

import { pause, until } from '../../harness/wait.mjs';
import { ask, call, client, clientId, connected } from './client.mjs';

export class Chatter {
  socket;
  account;
  /** Acknowledged: clientId → id. */
  acked = new Map();
  /** Shown: id → message, of the one channel that is watched. */
  timeline = new Map();
  /** Ids in the order in which they came live. */
  live = [];
  #channelId;
  #cursor = 0;
  #waiting = [];
  #syncing = null;

  constructor(server, account, options = {}) {
    this.account = account;
    this.socket = client(server, { cookie: account.cookie, ...options });
    this.socket.on('message:sent', (message) => {
      if (message.channelId !== this.#channelId) return;
      this.live.push(message.id);
      this.#hold(message);
    });
    this.socket.on('connect', () => this.#sync());
  }

  async watch(channelId) {
    this.#channelId = channelId;
    await connected(this.socket);
    await this.#sync();
  }

  /** Everything that is shown, in order. */
  get shown() {
    return [...this.timeline.values()].sort((one, other) => Number(one.id) - Number(other.id));
  }

  get unanswered() {
    return this.#waiting.length;
  }

  /** Write messages: first into the outbox, then out. Each is repeated until it has an answer. */
  write(contents) {
    this.#waiting.push(
      ...contents.map((content) => ({
        channelId: this.#channelId,
        content,
        clientId: clientId(this.account.username),
      })),
    );
    return Promise.all(this.#waiting.map((message) => this.#deliver(message)));
  }

  async #deliver(message) {
    for (;;) {
      const answer = this.socket.connected
        ? await this.socket
            .timeout(3_000)
            .emitWithAck('message:send', message)
            .catch(() => null)
        : null;
      if (answer?.status === 'OK') {
        this.#waiting.splice(this.#waiting.indexOf(message), 1);
        this.acked.set(message.clientId, answer.data.id);
        this.#hold({ ...message, from: this.account.id, id: answer.data.id, rev: answer.data.rev });
        return;
      }
      if (answer && !['BUSY', 'UNAVAILABLE', 'INTERNAL', 'RATE_LIMITED'].includes(answer.code)) {
        throw new Error(`refused for good: ${JSON.stringify(answer)}`);
      }
      await pause(answer?.retryAfterMs ?? 50);
    }
  }

  #hold(message) {
    this.timeline.set(message.id, message);
    if (message.rev === this.#cursor + 1) this.#cursor = message.rev;
    else if (message.rev > this.#cursor) void this.#sync();
  }

  /** Ask for what was missed; one question at a time. */
  #sync() {
    this.#syncing ??= this.#ask().finally(() => (this.#syncing = null));
    return this.#syncing;
  }

  async #ask() {
    const answer = await ask(this.socket, 'message:sync', { channels: { [this.#channelId]: this.#cursor } }).catch(
      () => null,
    );
    const got = answer?.data?.channels[this.#channelId];
    if (!got) return;
    if (got.truncated) {
      const page = await call(this.socket, 'message:list', {
        channelId: this.#channelId,
        size: 100,
        orderBy: 'id:desc',
      });
      page.forEach((message) => this.timeline.set(message.id, message));
    }
    got.messages.forEach((message) => this.timeline.set(message.id, message));
    this.#cursor = Math.max(this.#cursor, got.head.rev);
  }

  /** Wait until everything up to this head is shown. */
  caughtUp(head) {
    return until(
      `${this.account.username} to show ${head} messages`,
      async () => {
        if (this.timeline.size < head && this.socket.connected) await this.#sync();
        return this.timeline.size >= head;
      },
      { detail: () => ({ shown: this.timeline.size, connected: this.socket.connected }) },
    );
  }
}
