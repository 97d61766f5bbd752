import { defineStore } from 'pinia';
import { ref } from 'vue';

import { failed, unreachable, type Outcome } from '../net/outcome';
import type { Meta, OwnUser } from '../protocol';

/** `unknown` only until the first answer, and only in a browser that nobody was signed in to. */
export type SessionState = 'unknown' | 'signed-out' | 'signed-in';

export interface SignUpForm {
  username: string;
  password: string;
  displayName?: string;
  /** The one-time code printed at start; asked for when the server is empty and not on loopback. */
  setupCode?: string;
  inviteCode?: string;
}

export interface LogInForm {
  username: string;
  password: string;
}

/** `unsent`: nothing was done, that many messages would be lost; ask the person, then call with `discardUnsent`. */
export type LogOutResult = { done: true } | { done: false; unsent: number };

/** Who is signed in here. Starting, changing and ending the session starts and ends everything else. */
export const useSessionStore = defineStore('session', () => {
  const state = ref<SessionState>('unknown');
  const self = ref<OwnUser | null>(null);
  /** What the server says of itself before signing in; null until it answered. */
  const meta = ref<Meta | null>(null);

  /** Finds out who is signed in. Call once, before the router is installed; resolves once `state` is known. */
  async function start(): Promise<void> {
    state.value = 'signed-out';
  }
  /** Asks the server about itself again, for the sign-in and sign-up pages. */
  async function loadMeta(): Promise<void> {}
  async function signUp(_form: SignUpForm): Promise<Outcome> {
    return failed(unreachable('not connected'));
  }
  async function logIn(_form: LogInForm): Promise<Outcome> {
    return failed(unreachable('not connected'));
  }
  async function logOut(_options: { discardUnsent?: boolean } = {}): Promise<LogOutResult> {
    return { done: true };
  }

  return { state, self, meta, start, loadMeta, signUp, logIn, logOut };
});
