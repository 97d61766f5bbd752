import type { Snapshot } from '../timeline/snapshot';
import type { Channel, Profile } from '../protocol';
import type { Draft } from './draft';
import { openIndexed } from './indexed';
import { memoryStorage } from './memory';
import type { OutboxRow, Said } from './row';

/** What one person left behind in this browser. */
export interface Storage {
  /** False if nothing survives a reload. */
  readonly durable: boolean;
  /**
   * Calls that when what was kept here is gone (cleared, or deleted from elsewhere) and can be written anew, before
   * anything is read from it.
   */
  onRenewed(act: () => void): void;
  /** All rows in the order of writing. */
  outbox(): Promise<OutboxRow[]>;
  /** Writes a row down; resolves when it is safe. */
  addToOutbox(row: Omit<OutboxRow, 'position'>): Promise<OutboxRow>;
  /** Puts rows back, at their positions. */
  restoreOutbox(rows: readonly OutboxRow[]): Promise<void>;
  /** Changes a row if it still exists; says whether it does. */
  updateOutbox(position: number, change: Partial<OutboxRow>): Promise<boolean>;
  /** Puts a row behind all others if it still exists; null if it does not. */
  moveToEnd(row: OutboxRow): Promise<OutboxRow | null>;
  /** Takes a row out; where `said` is given only if it still says that, and else returns it. */
  removeFromOutbox(position: number, said?: Said): Promise<OutboxRow | null>;
  channels(): Promise<Channel[]>;
  /** Keeps these, beside what is kept of others; all or nothing. */
  save(channels: readonly Channel[], snapshots: readonly Snapshot[], people: readonly Profile[]): Promise<void>;
  /** Forgets a channel and its snapshot; a draft stays, text is never lost. */
  removeChannel(channelId: string): Promise<void>;
  snapshots(): Promise<Snapshot[]>;
  people(): Promise<Profile[]>;
  removePeople(userIds: readonly string[]): Promise<void>;
  /** By channel. */
  drafts(): Promise<Map<string, Draft>>;
  /**
   * Writes a draft down; an empty text removes it. Where another text is found than `known` it is kept as well, and
   * returned. Without `known` there is no time to look: the page is being left.
   */
  saveDraft(channelId: string, draft: Draft, known: string | null): Promise<string>;
  /** Which database of the server all this belongs to. */
  epoch(): Promise<string | null>;
  saveEpoch(epoch: string): Promise<void>;
  /** Forgets what the server can tell again; keeps outbox and drafts. */
  clearCache(): Promise<void>;
  clear(): Promise<void>;
  close(): void;
}

/** A browser may never answer (a blocked or broken profile): then do without. */
const OPEN_DEADLINE = 3_000;

/** Opens what that person left here; in memory if the browser does not let us. */
export async function openStorage(userId: string): Promise<Storage> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), OPEN_DEADLINE);
  });
  try {
    const opening = openIndexed(`hearth:${userId}`);
    const opened = await Promise.race([opening, late]);
    if (opened !== null) return opened;
    // If it opens after all, nobody is waiting for it.
    opening.then((storage) => storage.close()).catch(() => undefined);
    return memoryStorage();
  } catch {
    return memoryStorage();
  } finally {
    clearTimeout(timer);
  }
}
