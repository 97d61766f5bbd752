import type { OthersTyping } from '../sync/typing';
import type { World } from '../sync/world';
import { syncFrom } from '../timeline/timeline';
import type { useChannelsStore } from './channels';
import type { useConnectionStore } from './connection';
import type { useComingsStore } from './comings';
import type { useDeviceStore } from './device';
import type { useDraftsStore } from './drafts';
import type { useEditingStore } from './editing';
import type { useMembersStore } from './members';
import type { usePeopleStore } from './people';
import type { useStrandedStore } from './stranded';
import type { useTimelinesStore } from './timelines';

/** Everything that is forgotten when somebody signs out. */
export interface Stores {
  channels: ReturnType<typeof useChannelsStore>;
  connection: ReturnType<typeof useConnectionStore>;
  device: ReturnType<typeof useDeviceStore>;
  drafts: ReturnType<typeof useDraftsStore>;
  editing: ReturnType<typeof useEditingStore>;
  members: ReturnType<typeof useMembersStore>;
  comings: ReturnType<typeof useComingsStore>;
  people: ReturnType<typeof usePeopleStore>;
  stranded: ReturnType<typeof useStrandedStore>;
  timelines: ReturnType<typeof useTimelinesStore>;
}

/** The stores as what the server tells changes them. */
export function makeWorld(self: string, stores: Stores, others: OthersTyping): World {
  const { channels, comings, connection, members, people, timelines } = stores;
  const { isBehind } = timelines;
  return {
    self,
    has: (channelId) => channels.raw(channelId) !== undefined,
    putChannel: channels.put,
    patchChannel: channels.patch,
    dropChannel: (channelId) => {
      channels.remove(channelId);
      members.forget(channelId);
      comings.forget(channelId);
    },
    member: (channelId, userId, isIn) => {
      channels.countMember(channelId, isIn);
      members.came(channelId, userId, isIn);
      comings.note(channelId, userId, isIn, timelines.view(channelId).headSeq);
    },
    marks: members.read,
    reduce: (channelId, action) => {
      timelines.apply(channelId, action);
      if (action.type !== 'message') return;
      const { from, seq, createdAt } = action.message;
      channels.touch(channelId, createdAt);
      // Whoever writes has read what stands above.
      members.read(channelId, new Map([[from, seq]]));
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
      members.reset();
      comings.reset();
    },
  };
}
