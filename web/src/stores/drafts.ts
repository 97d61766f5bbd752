import { defineStore } from 'pinia';
import { shallowReactive } from 'vue';

import { joined, type Draft } from '../outbox/draft';
import { Saving } from '../sync/saving';
import { services } from './services';

/** Short, since a draft is all there is of a text, in milliseconds. */
const DELAY = 300;

/** What is written but not sent, per channel: the same in every tab, and after a reload. */
export const useDraftsStore = defineStore('drafts', () => {
  const texts = shallowReactive(new Map<string, string>());
  /** What the channels are called: one that was left since tells no name. */
  const places = new Map<string, string>();
  /** Texts that left the composer and are not known to be written down elsewhere. */
  const leaving = new Map<string, readonly string[]>();
  /** What is written down as far as this tab knows, by itself or by another. */
  const written = new Map<string, string>();
  let turn: Promise<unknown> = Promise.resolve();
  const saving = new Saving((channelIds) => {
    // One after the other: each has to know what the one before wrote.
    turn = turn.then(() => Promise.allSettled([...channelIds].map(save)));
    return turn as Promise<void>;
  }, DELAY);

  function get(channelId: string): string {
    return texts.get(channelId) ?? '';
  }
  function place(channelId: string): string {
    return places.get(channelId) ?? '';
  }
  /** Reactive: every draft by its channel. */
  function all(): ReadonlyMap<string, string> {
    return texts;
  }
  function set(channelId: string, text: string, place?: string): void {
    if (place !== undefined) places.set(channelId, place);
    if (text === get(channelId)) return;
    show(channelId, text);
    saving.changed(channelId);
  }
  function show(channelId: string, text: string): void {
    if (text === '') texts.delete(channelId);
    else texts.set(channelId, text);
  }
  /** What the next page begins with, if this one dies now. */
  function kept(channelId: string): Draft {
    return { text: joined(...(leaving.get(channelId) ?? []), get(channelId)), place: place(channelId) };
  }
  function isWritten(channelId: string): boolean {
    return kept(channelId).text === (written.get(channelId) ?? '');
  }

  /** Writes down what is shown; shows what another tab wrote there meanwhile. */
  async function save(channelId: string): Promise<void> {
    const running = services();
    if (running === null || isWritten(channelId)) return;
    const known = written.get(channelId) ?? '';
    const draft = kept(channelId);
    const other = await running.storage.saveDraft(channelId, draft, known);
    // Somebody else may have signed in meanwhile.
    if (services() !== running) return;
    if (other !== '') show(channelId, joined(other, get(channelId)));
    // The page was nearly left meanwhile: what it wrote then is newer.
    if ((written.get(channelId) ?? '') !== known) return saving.changed(channelId);
    note(channelId, { ...draft, text: joined(other, draft.text) });
  }
  function note(channelId: string, draft: Draft): void {
    written.set(channelId, draft.text);
    services()?.tabs.tell({ type: 'draft', channelId, draft });
  }
  /** For `live.ts`: another tab wrote that down. */
  function hear(channelId: string, draft: Draft): void {
    const { storage } = services() ?? {};
    // Each tab writes for itself there, and would find its own older text as one that it has not seen.
    if (storage?.durable === false) void storage.saveDraft(channelId, draft, null);
    // What one is just writing here goes on; writing it down will find the other text.
    if (!isWritten(channelId)) return;
    written.set(channelId, draft.text);
    places.set(channelId, draft.place);
    show(channelId, draft.text);
  }
  /**
   * For `timelines.ts`: the draft was sent as `text`, so it is shown no more. It is kept as part of the draft until it is
   * written down elsewhere.
   */
  async function handOver(channelId: string, text: string, safe: Promise<unknown>): Promise<void> {
    leaving.set(channelId, [...(leaving.get(channelId) ?? []), text]);
    set(channelId, '');
    await safe;
    const texts = leaving.get(channelId) ?? [];
    // Somebody else may have signed in meanwhile.
    if (!texts.includes(text)) return;
    leaving.set(channelId, texts.toSpliced(texts.indexOf(text), 1));
    saving.changed(channelId);
    // At once: a page that dies before would leave it twice, as a draft and as a message.
    saving.flush();
  }
  /** For `live.ts`: what was left behind, unless something was written, here or in another tab, since. */
  function restore(saved: ReadonlyMap<string, Draft>): void {
    for (const [channelId, draft] of saved) if (!written.has(channelId)) hear(channelId, draft);
  }
  /** For `live.ts`: the tab may be thrown away. Begun before anything is waited for, so that it still happens. */
  function flush(): void {
    const { storage } = services() ?? {};
    for (const channelId of new Set([...texts.keys(), ...leaving.keys(), ...written.keys()])) {
      if (storage === undefined || isWritten(channelId)) continue;
      const draft = kept(channelId);
      storage.saveDraft(channelId, draft, null).catch(() => written.delete(channelId));
      note(channelId, draft);
    }
  }
  /** For `live.ts`: what was written down is gone. */
  function rewrite(): void {
    written.clear();
    for (const channelId of new Set([...texts.keys(), ...leaving.keys()])) saving.changed(channelId);
    saving.flush();
  }
  function reset(): void {
    saving.stop();
    texts.clear();
    leaving.clear();
    places.clear();
    written.clear();
  }

  return { get, place, all, set, handOver, hear, restore, flush, rewrite, reset };
});
