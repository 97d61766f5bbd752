import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, vi } from 'vitest';

import * as http from '../net/http';
import { done } from '../net/outcome';
import type { Meta } from '../protocol';
import { useChannelsStore } from './channels';
import { FakeLink, FakeServer } from './server.fixture';
import { useSessionStore } from './session';
import { useTimelinesStore } from './timelines';

const meta: Meta = {
  name: 'Hearth',
  version: '1',
  webBuild: 'a',
  signup: 'open',
  empty: false,
  setupCode: false,
  members: null,
  signedIn: true,
};

/** Another one in every test. */
export let server: FakeServer;
/** Whether the person looks at the tab. */
export const person = { attentive: true };

/** For a file that puts `FakeLink` in the place of `net/link`, and spies in that of `net/http`. */
export function serveEachTest(): void {
  beforeEach(() => {
    server = new FakeServer();
    FakeLink.server = server;
    person.attentive = true;
    localStorage.clear();
    vi.mocked(http.fetchSelf).mockImplementation(async () => done(server.ada));
    vi.mocked(http.fetchMeta).mockImplementation(async () => done(meta));
    vi.mocked(http.logOut).mockImplementation(async () => done(null));
    vi.spyOn(document, 'hasFocus').mockImplementation(() => person.attentive);
  });
  afterEach(async () => {
    await useSessionStore().logOut({ discardUnsent: true });
  });
}

/** What a tab has when its page is (re)loaded: new stores, the same browser. */
export async function openTab(): Promise<void> {
  setActivePinia(createPinia());
  await useSessionStore().start();
}

/** The page is left. */
export async function closeTab(): Promise<void> {
  document.dispatchEvent(new Event('visibilitychange'));
  window.dispatchEvent(new Event('pagehide'));
  await new Promise((resolve) => setTimeout(resolve, 30));
  server.link?.stop();
}

/** Opens a channel, as its page does. */
export function show(channelId: string) {
  useChannelsStore().open(channelId);
  return {
    rows: () => useTimelinesStore().view(channelId).rows,
    view: () => useTimelinesStore().view(channelId),
    seqs: () =>
      useTimelinesStore()
        .view(channelId)
        .rows.map((row) => row.seq),
  };
}

/** All numbers from the one to the other. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}
