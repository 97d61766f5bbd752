import { defineStore } from 'pinia';
import { ref } from 'vue';

import * as http from '../net/http';
import { done, failed, unreachable, type Failure, type Outcome } from '../net/outcome';
import type { ChangePassword, SessionInfo } from '../protocol';
import { services } from './services';
import { useSessionStore } from './session';

/** What one may change about oneself, and where one is signed in. */
export const useAccountStore = defineStore('account', () => {
  const session = useSessionStore();
  /** The last used first; null until they were asked for. */
  const sessions = ref<SessionInfo[] | null>(null);
  const failure = ref<Failure | null>(null);

  /** Changes how one is called. */
  async function rename(displayName: string): Promise<Outcome> {
    const outcome = await services()?.link.command('user:update', { displayName });
    if (outcome === undefined) return failed(unreachable('signed out'));
    if (!outcome.ok) return outcome;
    session.setSelf(outcome.data.data);
    return done(undefined);
  }

  function changePassword(form: ChangePassword): Promise<Outcome<null>> {
    return http.changePassword(form);
  }

  /** Asks where one is signed in. */
  async function loadSessions(): Promise<void> {
    const outcome = await http.fetchSessions();
    failure.value = outcome.ok ? null : outcome.failure;
    if (outcome.ok) sessions.value = outcome.data;
  }
  /** Signs another device out. One that is gone already is a success. */
  async function endSession(id: string): Promise<Outcome> {
    const outcome = await http.endSession(id);
    if (!outcome.ok && outcome.failure.code !== 'NOT_FOUND') return outcome;
    sessions.value = sessions.value?.filter((one) => one.id !== id) ?? null;
    return done(undefined);
  }
  /** Signs every other device out. */
  async function endOtherSessions(): Promise<Outcome> {
    const outcome = await http.endOtherSessions();
    if (!outcome.ok) return outcome;
    sessions.value = sessions.value?.filter((one) => one.current) ?? null;
    return done(undefined);
  }

  return { sessions, failure, rename, changePassword, loadSessions, endSession, endOtherSessions };
});
