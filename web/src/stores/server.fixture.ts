import type { LinkPorts } from '../net/link';
import { done, failed, unreachable, type Failure, type Outcome } from '../net/outcome';
import type {
  Channel,
  ChannelMember,
  CommandName,
  Commands,
  Message,
  OwnUser,
  ServerEvent,
  Synced,
  User,
} from '../protocol';
import { ServerChannel } from '../timeline/server.fixture';
import type { Stored } from '../timeline/stored';

let people = 0;
export const ben: User = { id: 'ben', username: 'ben', displayName: 'Ben', isOnline: true };

/** A server with one connection at most, that the tests of the stores talk to instead of a real one. */
export class FakeServer {
  /** Whom the cookie belongs to: somebody else in every test, since what they leave in the browser stays there. */
  readonly ada: OwnUser = { id: `ada-${++people}`, username: 'ada', displayName: 'Ada', role: 'owner', settings: {} };
  readonly channels = new Map<string, ServerChannel>();
  readonly described = new Map<string, Partial<Channel>>();
  readonly marks = new Map<string, number>();
  readonly asked: CommandName[] = [];
  /** Who is in every channel. */
  members: ChannelMember[] = [];
  readonly refusals = new Map<CommandName, Failure>();
  epoch = 'first';
  up = true;
  link: FakeLink | null = null;

  add(id: string, messages = 0, about: Partial<Channel> = {}): ServerChannel {
    const channel = new ServerChannel();
    for (let made = 0; made < messages; made++) channel.send('ben');
    this.channels.set(id, channel);
    this.described.set(id, about);
    return channel;
  }

  describe(id: string): Channel {
    const { head } = this.channels.get(id) ?? new ServerChannel();
    const readUpTo = this.marks.get(id) ?? 0;
    const about: Channel = {
      id,
      name: id,
      type: 'public',
      direct: false,
      topic: null,
      users: [],
      userCount: 2,
      unreadCount: head.seq - readUpTo,
      ...head,
      readUpTo,
      lastMessageAt: null,
      role: 'member',
    };
    return { ...about, ...this.described.get(id) };
  }

  /** Somebody else writes: stored, and told to whoever is connected. */
  says(id: string, from = 'ben'): void {
    const stored = this.channels.get(id)?.send(from);
    if (stored !== undefined) this.tell({ name: 'message:sent', data: asMessage(stored, id) });
  }

  tell(event: ServerEvent): void {
    this.link?.ports.event(event);
  }

  cut(): void {
    this.up = false;
    this.link?.lose();
  }

  mend(): void {
    this.up = true;
    this.link?.retryNow();
  }

  answer(name: CommandName, payload: unknown): Outcome<unknown> {
    this.asked.push(name);
    const refusal = this.refusals.get(name);
    if (refusal !== undefined) return failed(refusal);
    switch (name) {
      case 'message:sync':
        return done({ data: this.#sync(payload as Commands['message:sync']['payload']) });
      case 'message:list':
        return done(this.#list(payload as Commands['message:list']['payload']));
      case 'message:send':
        return this.#send(payload as Commands['message:send']['payload']);
      case 'message:edit': {
        const { channelId, messageId, content } = payload as Commands['message:edit']['payload'];
        return this.#changed(channelId, this.channels.get(channelId)?.edit(Number(messageId), content));
      }
      case 'message:delete': {
        const { channelId, messageId } = payload as Commands['message:delete']['payload'];
        return this.#changed(channelId, this.channels.get(channelId)?.delete(Number(messageId)));
      }
      case 'channel:members':
        return done({ data: this.members, hasMore: false });
      case 'message:ack': {
        const { channelId, messageId } = payload as Commands['message:ack']['payload'];
        this.marks.set(channelId, Math.max(Number(messageId), this.marks.get(channelId) ?? 0));
        return done({});
      }
      case 'user:get':
        return done({ data: [ben] });
      default:
        return done({});
    }
  }

  #changed(channelId: string, stored: Stored | undefined): Outcome<unknown> {
    if (stored !== undefined) return done({ data: asMessage(stored, channelId) });
    return failed({ code: 'NOT_FOUND', message: 'no message', fields: {}, retryAfterMs: null });
  }

  #sync({ channels }: Commands['message:sync']['payload']): Synced {
    const answer: Synced = { epoch: this.epoch, channels: {}, again: [], left: [], joined: [] };
    for (const [id, rev] of Object.entries(channels)) {
      const channel = this.channels.get(id);
      if (channel === undefined) {
        answer.left.push(id);
        continue;
      }
      const { messages, head, truncated } = channel.sync(rev);
      const missed = messages.map((stored) => asMessage(stored, id));
      answer.channels[id] = { messages: missed, head, channel: this.describe(id), truncated };
    }
    for (const id of this.channels.keys()) if (!(id in channels)) answer.joined.push(this.describe(id));
    return answer;
  }

  #list(payload: Commands['message:list']['payload']): Commands['message:list']['reply'] {
    const { channelId, after, size = 10, orderBy } = payload;
    const channel = this.channels.get(channelId) ?? new ServerChannel();
    const page =
      orderBy === 'id:desc' ? channel.older(Number(after ?? Infinity), size) : channel.newer(Number(after ?? 0), size);
    return { data: page.messages.map((one) => asMessage(one, channelId)), hasMore: page.more, rev: page.rev };
  }

  #send({ channelId, content, clientId }: Commands['message:send']['payload']): Outcome<unknown> {
    const channel = this.channels.get(channelId);
    const known = channel?.current().find((row) => row.clientId === clientId && row.from === this.ada.id);
    const stored = known ?? channel?.send(this.ada.id, clientId, content);
    if (stored === undefined)
      return failed({ code: 'NOT_FOUND', message: 'no channel', fields: {}, retryAfterMs: null });
    this.marks.set(channelId, stored.seq);
    return done({ data: { id: String(stored.seq), seq: stored.seq, rev: stored.rev, createdAt: stored.createdAt } });
  }
}

/** Stands in for `net/link`. */
export class FakeLink {
  /** Set before the stores make one. */
  static server: FakeServer;
  online = false;
  #stopped = true;

  constructor(readonly ports: LinkPorts) {
    FakeLink.server.link = this;
  }

  start(): void {
    this.#stopped = false;
    this.retryNow();
  }
  stop(): void {
    this.#stopped = true;
    this.online = false;
  }
  retryNow(): void {
    if (this.#stopped || this.online) return;
    this.ports.status('connecting', null);
    this.online = FakeLink.server.up;
    this.ports.status(this.online ? 'online' : 'offline', null);
  }
  bounce(): void {
    this.lose();
    this.retryNow();
  }
  lose(): void {
    this.online = false;
    this.ports.status('offline', null);
  }
  hint(): void {}
  async command(name: CommandName, payload: unknown): Promise<Outcome<unknown>> {
    return this.online ? FakeLink.server.answer(name, payload) : failed(unreachable('not connected'));
  }
}

function asMessage(stored: Stored, channelId: string): Message {
  const { seq, rev, from, content, createdAt, clientId, editedAt, deletedAt } = stored;
  return {
    id: String(seq),
    channelId,
    from,
    content,
    createdAt,
    rev,
    ...(clientId === null ? {} : { clientId }),
    ...(editedAt === null ? {} : { editedAt }),
    ...(deletedAt === null ? {} : { deletedAt }),
  };
}
