import { defineStore } from 'pinia';

import { failed, unreachable, type Outcome } from '../net/outcome';

/** Somebody, as far as one may know them. */
export interface Person {
  id: string;
  username: string;
  displayName: string;
  isOnline: boolean;
}

/** Everybody who was met so far, whether they are there, and who is typing. */
export const usePeopleStore = defineStore('people', () => {
  /** Reactive; null until known. Asking for somebody who is not known yet also fetches them. */
  function byId(_userId: string): Person | null {
    return null;
  }
  /** Fetches whoever is not known yet and subscribes to their presence; many calls become one command. */
  function ensure(_userIds: readonly string[]): void {}
  /** Users by the beginning of their name, without oneself; without `all` also without those one has a direct conversation with. */
  async function search(_query: string, _options: { all?: boolean } = {}): Promise<Outcome<Person[]>> {
    return failed(unreachable('not connected'));
  }
  /** Reactive: who is typing there now, without oneself, the earliest first. */
  function typingIn(_channelId: string): string[] {
    return [];
  }
  /** Call at every key typed into the composer. */
  function typed(_channelId: string): void {}
  /** Call when the composer became empty or was left. Sending does it by itself. */
  function stoppedTyping(_channelId: string): void {}

  return { byId, ensure, search, typingIn, typed, stoppedTyping };
});
