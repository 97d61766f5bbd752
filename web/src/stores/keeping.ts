import type { Storage } from '../outbox/storage';
import { keptHead, restore, snapshotOf } from '../timeline/snapshot';
import type { Stores } from './world';

/** Shows what was left behind. What cannot be read is fetched instead. */
export async function restoreAll(storage: Storage, stores: Stores, self: string): Promise<void> {
  try {
    const [channels, snapshots, drafts] = await Promise.all([
      storage.channels(),
      storage.snapshots(),
      storage.drafts(),
    ]);
    stores.drafts.restore(drafts);
    const kept = new Map(snapshots.map((snapshot) => [snapshot.channelId, snapshot]));
    for (const channel of channels) {
      const snapshot = kept.get(channel.id);
      const head = { seq: channel.seq, rev: channel.rev };
      if (snapshot !== undefined) {
        stores.timelines.adopt(restore(snapshot, self, head, channel.readUpTo));
        stores.comings.restore(channel.id, snapshot.comings ?? []);
      }
      stores.channels.put(channel);
    }
    if (channels.length > 0) stores.channels.setLoaded();
  } catch {
    // A broken database is as good as an empty one.
  }
}

/** Keeps what these timelines and their channels are now. */
export function saveTimelines(storage: Storage, stores: Stores, channelIds: ReadonlySet<string>): Promise<void> {
  const timelines = [...channelIds].flatMap((channelId) => stores.timelines.all().get(channelId) ?? []);
  const channels = timelines.flatMap((timeline) => {
    const channel = stores.channels.raw(timeline.channelId);
    return channel === undefined ? [] : [{ ...channel, ...keptHead(timeline), readUpTo: timeline.readUpTo }];
  });
  return storage.save(
    channels,
    timelines.flatMap((timeline) => {
      const snapshot = snapshotOf(timeline);
      if (snapshot === null) return [];
      const comings = stores.comings.of(timeline.channelId).filter(({ afterSeq }) => afterSeq >= snapshot.floor - 1);
      return { ...snapshot, comings };
    }),
  );
}
