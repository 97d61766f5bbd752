import type { OthersTyping } from '../sync/typing';
import type { World } from '../sync/world';
import { needsSync, syncFrom } from '../timeline/timeline';
import type { useChannelsStore } from './channels';
import type { useConnectionStore } from './connection';
import type { useDraftsStore } from './drafts';
import type { usePeopleStore } from './people';
import type { useTimelinesStore } from './timelines';

/** Everything that is forgotten when somebody signs out. */
export interface Stores {
  channels: ReturnType<typeof useChannelsStore>;
  connection: ReturnType<typeof useConnectionStore>;
  drafts: ReturnType<typeof useDraftsStore>;
  people: ReturnType<typeof usePeopleStore>;
  timelines: ReturnType<typeof useTimelinesStore>;
}

/** The stores as what the server tells changes them. */
export function makeWorld(self: string, stores: Stores, others: OthersTyping): World {
  const { channels, connection, people, timelines } = stores;
  const isBehind = (channelId: string): boolean => {
    const timeline = timelines.all().get(channelId);
    return timeline !== undefined && needsSync(timeline);
  };
  return {
    self,
    has: (channelId) => channels.raw(channelId) !== undefined,
    putChannel: channels.put,
    patchChannel: channels.patch,
    dropChannel: channels.remove,
    member: (channelId, _userId, isIn) => channels.countMember(channelId, isIn),
    reduce: (channelId, action) => {
      timelines.apply(channelId, action);
      if (action.type === 'message') channels.touch(channelId, action.message.createdAt);
    },
    typing: (channelId, userId, isTyping) => {
      if (userId !== self) others.hear(channelId, userId, isTyping);
    },
    presence: people.setPresence,
    rename: people.rename,
    build: connection.setBuild,
    cursors: () => new Map([...timelines.all().values()].map((timeline) => [timeline.channelId, syncFrom(timeline)])),
    isBehind,
    isComplete: () => ![...timelines.all().keys()].some(isBehind),
    dropCache: () => {
      timelines.clear();
      channels.clear();
    },
  };
}
