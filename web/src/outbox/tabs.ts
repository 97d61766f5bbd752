import type { Stored } from '../timeline/stored';
import type { Draft } from './draft';

/** What the tabs of one person in one browser tell each other. */
export type Note =
  /** The outbox was changed: read it again. */
  | { type: 'outbox' }
  /** A message from the outbox was stored by the server. */
  | { type: 'sent'; message: Stored }
  /** What is begun in a channel was written down. */
  | { type: 'draft'; channelId: string; draft: Draft }
  | { type: 'signed-out' };

/** The other tabs of the same person. */
export interface Tabs {
  /** Runs `act` while no other tab runs one of that name, where the browser can promise it; else at once. */
  exclusively(name: string, act: () => Promise<void>): Promise<void>;
  tell(note: Note): void;
  close(): void;
}

/** Joins the tabs of that person. */
export function joinTabs(userId: string, hear: (note: Note) => void): Tabs {
  const name = `hearth:${userId}`;
  let channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(name);
  if (channel !== null) channel.addEventListener('message', (event: MessageEvent<Note>) => hear(event.data));
  // Only a secure context has locks; on plain HTTP every tab drains, which the clientId makes safe.
  const locks = (navigator as Partial<Navigator>).locks ?? null;

  return {
    async exclusively(what, act) {
      if (locks === null) return act();
      let begun = false;
      const once = (): Promise<void> => {
        begun = true;
        return act();
      };
      // A browser may have locks and refuse them (blocked storage).
      await locks.request(`${name}:${what}`, once).catch(() => (begun ? undefined : act()));
    },
    tell: (note) => channel?.postMessage(note),
    close: () => {
      channel?.close();
      // What is still being written down tells of it when that is done, and would fail by a closed one.
      channel = null;
    },
  };
}
