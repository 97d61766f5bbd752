import type { Channel, ChannelUpdate, Profile } from '../protocol';
import type { Action } from '../timeline/timeline';

/** All that a client knows, as far as the server changes it. */
export interface World {
  readonly self: string;
  /** Whether one is in that channel, as far as is known. */
  has(channelId: string): boolean;
  /** A channel that one is in, as the server describes it to oneself. */
  putChannel(channel: Channel): void;
  /** What is the same for everybody in a channel was changed, or the own role in it. */
  patchChannel(channel: ChannelUpdate): void;
  dropChannel(channelId: string): void;
  /** Somebody came to or left a channel that one is in. */
  member(channelId: string, userId: string, isIn: boolean): void;
  /** How far people have read there. */
  marks(channelId: string, marks: ReadonlyMap<string, number>): void;
  reduce(channelId: string, action: Action): void;
  typing(channelId: string, userId: string, isTyping: boolean): void;
  presence(userId: string, isOnline: boolean): void;
  /** Somebody goes by another name. */
  rename(profile: Profile): void;
  /** The server runs with that build of the web client. */
  build(webBuild: string): void;
  /** Per own channel from where a sync has to begin. */
  cursors(): Map<string, number>;
  /** Whether something is known to be missing in that channel. */
  isBehind(channelId: string): boolean;
  /** Whether nothing is known to be missing anywhere. */
  isComplete(): boolean;
  /** Everything that came from the server is of another database. */
  dropCache(): void;
}
