import type { Storage } from '../outbox/storage';
import type { Channel } from '../protocol';
import { keptHead, restore, snapshotOf, type Snapshot } from '../timeline/snapshot';
import type { Timeline } from '../timeline/timeline';
import type { Stores } from './world';

/** That storage, which also reports whether it took what a person wrote last. */
export function reporting(storage: Storage, report: (isKept: boolean) => void): Storage {
  if (!storage.durable) report(false);
  function reported<Given extends unknown[], Result>(write: (...given: Given) => Promise<Result>): typeof write {
    return async (...given) => {
      const written = write(...given);
      written.then(
        () => report(storage.durable),
        () => report(false),
      );
      return written;
    };
  }
  const { addToOutbox, restoreOutbox, moveToEnd } = storage;
  const saveDraft = reported(storage.saveDraft);
  return {
    ...storage,
    addToOutbox: reported(addToOutbox),
    restoreOutbox: reported(restoreOutbox),
    moveToEnd: reported(moveToEnd),
    // What is removed needs no room.
    saveDraft: (...given) => (given[1].text === '' ? storage : { saveDraft }).saveDraft(...given),
  };
}

/** Shows what was left behind. What cannot be read is fetched instead. */
export async function restoreAll(storage: Storage, stores: Stores, self: string): Promise<void> {
  try {
    const [channels, snapshots, people, drafts] = await Promise.all([
      storage.channels(),
      storage.snapshots(),
      storage.people(),
      storage.drafts(),
    ]);
    stores.drafts.restore(drafts);
    stores.people.remember(people);
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
    const shown = peopleIn(channels, snapshots);
    await storage.removePeople(people.flatMap(({ id }) => (shown.has(id) ? [] : [id])));
  } catch {
    // A broken database is as good as an empty one.
  }
}

/** Keeps what these timelines and their channels are now, and who is seen there. */
export function saveTimelines(storage: Storage, stores: Stores, channelIds: ReadonlySet<string>): Promise<void> {
  const timelines = [...channelIds].flatMap((channelId) => stores.timelines.all().get(channelId) ?? []);
  const { channels, snapshots } = keptOf(stores, timelines);
  return storage.save(channels, snapshots, stores.people.profiles(peopleIn(channels, snapshots)));
}

/** Keeps what these people are called now, if they are seen in what is kept. */
export function savePeople(storage: Storage, stores: Stores, userIds: ReadonlySet<string>): Promise<void> {
  const { channels, snapshots } = keptOf(stores, [...stores.timelines.all().values()]);
  const seen = [...peopleIn(channels, snapshots)].filter((userId) => userIds.has(userId));
  return storage.save([], [], stores.people.profiles(seen));
}

function keptOf(stores: Stores, timelines: readonly Timeline[]): { channels: Channel[]; snapshots: Snapshot[] } {
  const channels = timelines.flatMap((timeline) => {
    const channel = stores.channels.raw(timeline.channelId);
    return channel === undefined ? [] : [{ ...channel, ...keptHead(timeline), readUpTo: timeline.readUpTo }];
  });
  const snapshots = timelines.flatMap((timeline) => {
    const snapshot = snapshotOf(timeline);
    if (snapshot === null) return [];
    const comings = stores.comings.of(timeline.channelId).filter(({ afterSeq }) => afterSeq >= snapshot.floor - 1);
    return { ...snapshot, comings };
  });
  return { channels, snapshots };
}

/** Who wrote what is kept, came, left, or is in a direct conversation. */
function peopleIn(channels: readonly Channel[], snapshots: readonly Snapshot[]): Set<string> {
  return new Set([
    ...channels.flatMap((channel) => channel.users),
    ...snapshots.flatMap(({ rows, comings = [] }) => [
      ...rows.map((row) => row.from),
      ...comings.map((coming) => coming.userId),
    ]),
  ]);
}
