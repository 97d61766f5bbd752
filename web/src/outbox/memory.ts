import type { Channel, Profile } from '../protocol';
import type { Snapshot } from '../timeline/snapshot';
import { joined, unseen, type Draft } from './draft';
import { changed, saysTheSame, type OutboxRow } from './row';
import type { Storage } from './storage';

/** Keeps things until the tab is closed: for browsers without a database (private windows, blocked storage). */
export function memoryStorage(): Storage {
  const outbox = new Map<number, OutboxRow>();
  const channels = new Map<string, Channel>();
  const snapshots = new Map<string, Snapshot>();
  const people = new Map<string, Profile>();
  const drafts = new Map<string, Draft>();
  let epoch: string | null = null;
  let position = 0;

  async function addToOutbox(row: Omit<OutboxRow, 'position'>): Promise<OutboxRow> {
    position += 1;
    const added = { ...row, position };
    outbox.set(position, added);
    return added;
  }
  async function clearCache(): Promise<void> {
    channels.clear();
    snapshots.clear();
    people.clear();
    epoch = null;
  }

  return {
    durable: false,
    onRenewed: () => undefined,
    outbox: async () => [...outbox.values()],
    addToOutbox,
    restoreOutbox: async (rows) => {
      for (const row of rows) outbox.set(row.position, row);
    },
    updateOutbox: async (at, change) => {
      const row = outbox.get(at);
      if (row !== undefined) outbox.set(at, changed(row, change));
      return row !== undefined;
    },
    moveToEnd: async ({ position: old, ...row }) => {
      return outbox.delete(old) ? addToOutbox(row) : null;
    },
    removeFromOutbox: async (old, said) => {
      const row = outbox.get(old);
      if (row !== undefined && said !== undefined && !saysTheSame(row, said)) return row;
      outbox.delete(old);
      return null;
    },
    channels: async () => [...channels.values()],
    save: async (newChannels, newSnapshots, newPeople) => {
      for (const channel of newChannels) channels.set(channel.id, channel);
      for (const snapshot of newSnapshots) snapshots.set(snapshot.channelId, snapshot);
      for (const person of newPeople) people.set(person.id, person);
    },
    removeChannel: async (channelId) => {
      channels.delete(channelId);
      snapshots.delete(channelId);
    },
    snapshots: async () => [...snapshots.values()],
    people: async () => [...people.values()],
    removePeople: async (userIds) => {
      for (const userId of userIds) people.delete(userId);
    },
    drafts: async () => new Map(drafts),
    saveDraft: async (channelId, draft, known) => {
      const other = known === null ? '' : unseen(drafts.get(channelId)?.text ?? '', known, draft.text);
      const text = joined(other, draft.text);
      if (text === '') drafts.delete(channelId);
      else drafts.set(channelId, { ...draft, text });
      return other;
    },
    epoch: async () => epoch,
    saveEpoch: async (told) => {
      epoch = told;
    },
    clearCache,
    clear: async () => {
      await clearCache();
      outbox.clear();
      drafts.clear();
    },
    close: () => undefined,
  };
}
