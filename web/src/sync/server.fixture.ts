import { done, failed, type Failure, type Outcome } from '../net/outcome';
import type { Channel, Commands, Message, Synced } from '../protocol';
import { ServerChannel } from '../timeline/server.fixture';
import type { Stored } from '../timeline/stored';
import { emptyTimeline, needsSync, reduce, syncFrom, type Timeline } from '../timeline/timeline';
import type { World } from './world';

type SyncReply = Commands['message:sync']['reply'];

/** Channels on the server, and which of them one is in. */
export class FakeServer {
  readonly channels = new Map<string, ServerChannel>();
  readonly mine = new Set<string>();
  epoch = 'first';
  /** Channels per answer. */
  room = Infinity;
  /** Channels per answer that the request did not name. */
  joins = Infinity;
  /** Messages per channel and answer. */
  rows = Infinity;
  readonly requests: Record<string, number>[] = [];
  readonly refusals: Failure[] = [];
  hold: Promise<void> = Promise.resolve();

  add(id: string, messages = 0, limit?: number): ServerChannel {
    const channel = new ServerChannel(limit);
    this.channels.set(id, channel);
    this.mine.add(id);
    for (let made = 0; made < messages; made++) channel.send();
    return channel;
  }

  describe(id: string): Channel {
    const head = this.channels.get(id)?.head ?? { seq: 0, rev: 0 };
    return { ...blankChannel, id, name: id, ...head };
  }

  async sync(payload: Commands['message:sync']['payload']): Promise<Outcome<SyncReply>> {
    this.requests.push(payload.channels);
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return failed(refusal);
    const answer: Synced = { epoch: this.epoch, channels: {}, again: [], left: [], joined: [] };
    for (const [id, rev] of Object.entries(payload.channels)) this.#answer(answer, id, rev);
    for (const id of this.mine) {
      if (id in payload.channels) continue;
      if (answer.joined.length < this.joins) answer.joined.push(this.describe(id));
      else answer.again.push(id);
    }
    await this.hold;
    return done({ data: answer });
  }

  #answer(answer: Synced, id: string, rev: number): void {
    const channel = this.channels.get(id);
    if (channel === undefined || !this.mine.has(id)) {
      answer.left.push(id);
      return;
    }
    if (Object.keys(answer.channels).length >= this.room) {
      answer.again.push(id);
      return;
    }
    const { messages, head, truncated, partial } = channel.sync(rev, this.rows);
    if (partial) answer.again.push(id);
    answer.channels[id] = {
      messages: messages.map((one) => asMessage(one, id)),
      head,
      channel: this.describe(id),
      truncated,
    };
  }
}

const blankChannel: Channel = {
  id: '',
  name: null,
  type: 'public',
  direct: false,
  topic: null,
  users: [],
  userCount: 1,
  unreadCount: 0,
  seq: 0,
  rev: 0,
  readUpTo: 0,
  lastMessageAt: null,
  role: 'member',
};

/** A message as it is on the wire. */
export function asMessage(stored: Stored, channelId: string): Message {
  const { seq, rev, from, content, createdAt, editedAt, deletedAt } = stored;
  return {
    id: String(seq),
    channelId,
    from,
    content,
    createdAt,
    rev,
    ...(editedAt === null ? {} : { editedAt }),
    ...(deletedAt === null ? {} : { deletedAt }),
  };
}

/** A client without stores. */
export class FakeWorld implements World {
  readonly self = 'self';
  readonly timelines = new Map<string, Timeline>();
  has = (id: string): boolean => this.timelines.has(id);
  putChannel = (channel: Channel): void => {
    if (!this.has(channel.id))
      this.timelines.set(channel.id, emptyTimeline(channel.id, 'self', channel, channel.readUpTo));
    else this.reduce(channel.id, { type: 'head', head: channel });
  };
  patchChannel: World['patchChannel'] = () => undefined;
  dropChannel = (id: string): void => void this.timelines.delete(id);
  member: World['member'] = () => undefined;
  marks: World['marks'] = () => undefined;
  typing: World['typing'] = () => undefined;
  presence: World['presence'] = () => undefined;
  rename: World['rename'] = () => undefined;
  build: World['build'] = () => undefined;
  reduce: World['reduce'] = (id, action) => {
    const timeline = this.timelines.get(id);
    if (timeline !== undefined) this.timelines.set(id, reduce(timeline, action));
  };
  cursors = (): Map<string, number> => new Map([...this.timelines].map(([id, one]) => [id, syncFrom(one)]));
  isBehind = (id: string): boolean => {
    const timeline = this.timelines.get(id);
    return timeline !== undefined && needsSync(timeline);
  };
  isComplete = (): boolean => [...this.timelines.keys()].every((id) => !this.isBehind(id));
  dropCache = (): void => this.timelines.clear();

  shown(id: string): number[] {
    return this.timelines.get(id)?.rows.map((row) => row.seq) ?? [];
  }
}
