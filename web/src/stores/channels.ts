import { defineStore } from 'pinia';
import { computed, ref } from 'vue';

import { failed, unreachable, type Outcome } from '../net/outcome';
import type { Channel } from '../protocol';

/** One line of the rail. */
export interface ChannelItem {
  id: string;
  direct: boolean;
  private: boolean;
  /** The name; for a direct conversation the names of the others (their ids' place holders until they are known). */
  title: string;
  topic: string | null;
  /** The others in a direct conversation, else empty. */
  users: string[];
  userCount: number;
  /** Messages that were not read yet: a subtraction of two counters. */
  unread: number;
  /** Something here is alive: unread, and not the channel that is being read. */
  lamp: boolean;
  /** The own role; null if one is not a member. */
  role: string | null;
  lastMessageAt: number | null;
  /** Something is written but not sent. */
  hasDraft: boolean;
}

/** The channels and direct conversations one is in, what is unread in them, and drafts. */
export const useChannelsStore = defineStore('channels', () => {
  /** False until the list was read from the cache or from the server. */
  const loaded = ref(false);
  /** Channels by name. */
  const channels = computed<ChannelItem[]>(() => []);
  /** Direct conversations, the latest first. */
  const directs = computed<ChannelItem[]>(() => []);
  /** The channel that is open; set by `open`, from the route. */
  const currentId = ref<string | null>(null);
  const current = computed<ChannelItem | null>(() => null);
  /** Unread in all channels and directs; for the title and the icon. */
  const totalUnread = computed(() => 0);

  function byId(_channelId: string): ChannelItem | null {
    return null;
  }
  /** Says which channel is open (null: none) and loads what it shows; call when the route changes. */
  function open(channelId: string | null): void {
    currentId.value = channelId;
  }
  /** Makes a channel; name errors come in `fields.name`. */
  async function create(_form: { name: string; topic?: string }): Promise<Outcome<ChannelItem>> {
    return failed(unreachable('not connected'));
  }
  /** Joins a public channel; already being in it is a success. */
  async function join(_channelId: string): Promise<Outcome<ChannelItem>> {
    return failed(unreachable('not connected'));
  }
  async function leave(_channelId: string): Promise<Outcome> {
    return failed(unreachable('not connected'));
  }
  /** Public channels that one is not in, by the beginning of their name. */
  async function search(_query: string): Promise<Outcome<Channel[]>> {
    return failed(unreachable('not connected'));
  }
  /** The direct conversation with exactly these people (1–8), made if there is none. */
  async function reach(_userIds: string[]): Promise<Outcome<ChannelItem>> {
    return failed(unreachable('not connected'));
  }
  /** What is written but not sent; survives a reload. */
  function draft(_channelId: string): string {
    return '';
  }
  function setDraft(_channelId: string, _text: string): void {}

  return {
    loaded,
    channels,
    directs,
    currentId,
    current,
    totalUnread,
    byId,
    open,
    create,
    join,
    leave,
    search,
    reach,
    draft,
    setDraft,
  };
});
