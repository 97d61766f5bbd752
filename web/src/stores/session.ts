import { defineStore } from 'pinia';
import { ref } from 'vue';

import * as http from '../net/http';
import { done, failed, type Failure, type Outcome } from '../net/outcome';
import type { LogIn, Meta, OwnUser, Profile, SignUp } from '../protocol';
import { useConnectionStore } from './connection';
import { goLive, type Keep, type Live } from './live';
import { usePeopleStore } from './people';
import { isLeaving, rememberedSelf, rememberLeaving, rememberSelf, watchRemembered } from './remembered';

/** `unknown` only until the first answer, and only in a browser that nobody was signed in to. */
export type SessionState = 'unknown' | 'signed-out' | 'signed-in';

/** `unsent`: nothing was done, that many messages would be lost; ask the person, then call with `discardUnsent`. */
export type LogOutResult = { done: true } | { done: false; unsent: number };

const SIGNED_OUT: Failure = { code: 'UNAUTHENTICATED', message: 'nobody is signed in', fields: {}, retryAfterMs: null };
/** How often an unreachable server is asked again, in milliseconds. */
const ASK_AGAIN = 2_000;

/** Who is signed in here. Starting, changing and ending the session starts and ends everything else. */
export const useSessionStore = defineStore('session', () => {
  const state = ref<SessionState>('unknown');
  const self = ref<OwnUser | null>(null);
  /** What the server says of itself before signing in; null until it answered. */
  const meta = ref<Meta | null>(null);
  let live: Live | null = null;

  /** Finds out who is signed in. Call once, before the router is installed; resolves once `state` is known. */
  async function start(): Promise<void> {
    watchRemembered(() => void confirm());
    const remembered = rememberedSelf();
    if (isLeaving()) {
      await insist(http.logOut);
      rememberLeaving(false);
    } else if (remembered !== null) {
      // Shown at once; whether the session is over is found out meanwhile.
      await enter(remembered);
      void confirm();
      return;
    }
    const outcome = await insist(fetchSelf);
    if (outcome.ok) return enter(outcome.data);
    state.value = 'signed-out';
  }

  /** Who is signed in. Asked only if somebody is: a browser writes every refusal into its console. */
  async function fetchSelf(): Promise<Outcome<OwnUser>> {
    const outcome = await http.fetchMeta();
    if (!outcome.ok) return outcome;
    meta.value = outcome.data;
    return outcome.data.signedIn ? http.fetchSelf() : failed(SIGNED_OUT);
  }

  /** Asks until there is an answer. */
  async function insist<T>(ask: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    for (;;) {
      const outcome = await ask();
      if (outcome.ok || outcome.failure.code === 'UNAUTHENTICATED') {
        useConnectionStore().reset();
        return outcome;
      }
      useConnectionStore().set('offline', Date.now() + ASK_AGAIN);
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN));
    }
  }

  /**
   * Asks whose cookie this browser holds, and follows: it may have been ended elsewhere, or another tab may have signed
   * somebody else in. Returns whether that person is still signed in here (also if nobody could tell).
   */
  async function confirm(): Promise<boolean> {
    // Until the server has heard of it the cookie still opens everything: what is being ended is not begun again.
    if (isLeaving()) {
      await exit('what another tab left');
      return false;
    }
    const before = self.value;
    const outcome = await fetchSelf();
    if (self.value?.id !== before?.id || isLeaving()) return false;
    if (outcome.ok && outcome.data.id === before?.id) {
      self.value = outcome.data;
      rememberSelf(outcome.data);
      return true;
    }
    if (outcome.ok) {
      await enter(outcome.data);
      return false;
    }
    if (outcome.failure.code !== 'UNAUTHENTICATED') return true;
    await exit('what was written');
    return false;
  }

  /** Whether a connection made now is this person's: another tab may have signed in since. */
  function isSelf(): boolean | Promise<boolean> {
    return rememberedSelf()?.id === self.value?.id || confirm();
  }

  /** Asks the server about itself again, for the sign-in and sign-up pages. */
  async function loadMeta(): Promise<void> {
    const outcome = await http.fetchMeta();
    if (outcome.ok) meta.value = outcome.data;
  }

  function signUp(form: SignUp): Promise<Outcome> {
    return entering(() => http.signUp(form));
  }
  function logIn(form: LogIn): Promise<Outcome> {
    return entering(() => http.logIn(form));
  }
  async function entering(ask: () => Promise<Outcome<OwnUser>>): Promise<Outcome> {
    // Before the cookie changes: from now on other tabs do not trust a new connection to be theirs.
    rememberSelf(null);
    const outcome = await ask();
    if (!outcome.ok) return outcome;
    rememberLeaving(false);
    await enter(outcome.data);
    return done(undefined);
  }

  async function logOut(options: { discardUnsent?: boolean } = {}): Promise<LogOutResult> {
    const unsent = live?.unsent() ?? 0;
    if (unsent > 0 && options.discardUnsent !== true) return { done: false, unsent };
    rememberLeaving(true);
    const told = http.logOut();
    live?.tellSignedOut();
    await exit('nothing');
    if ((await told).ok) rememberLeaving(false);
    return { done: true };
  }

  async function enter(user: OwnUser): Promise<void> {
    if (live !== null) await exit('everything');
    self.value = user;
    rememberSelf(user);
    usePeopleStore().remember([user]);
    const signedOut = (): void => void exit('what another tab left');
    live = await goLive(user.id, { isSelf, confirm, renamed, owning, signedOut });
    state.value = 'signed-in';
  }

  /** For `account.ts`: the server described the one who is signed in. */
  function setSelf(user: OwnUser): void {
    if (user.id !== self.value?.id) return;
    self.value = user;
    rememberSelf(user);
  }

  /** On another device of one's own. */
  function renamed({ id, username, displayName }: Profile): void {
    if (self.value?.id === id) setSelf({ ...self.value, username, displayName });
  }

  /** The server may have been given to somebody else. */
  function owning(owns: boolean): void {
    if (self.value !== null && (self.value.role === 'owner') !== owns) void confirm();
  }

  /** Forgets what the server can tell again, before the page is loaded anew; what was written stays. */
  async function forgetCache(): Promise<void> {
    const ending = live;
    live = null;
    await ending?.stop('what was written');
  }

  async function exit(keep: Keep): Promise<void> {
    const ending = live;
    live = null;
    if (ending === null) return;
    if (rememberedSelf()?.id === self.value?.id) rememberSelf(null);
    state.value = 'signed-out';
    self.value = null;
    await ending.stop(keep);
    void loadMeta();
  }

  return { state, self, meta, start, loadMeta, signUp, logIn, logOut, setSelf, forgetCache };
});
