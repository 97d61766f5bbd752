import { defineStore } from 'pinia';
import { ref } from 'vue';

import * as http from '../net/http';
import { done, type Outcome } from '../net/outcome';
import type { LogIn, Meta, OwnUser, SignUp } from '../protocol';
import { goLive, type Keep, type Live } from './live';
import { rememberedSelf, rememberSelf } from './remembered';
import { useConnectionStore } from './connection';

/** `unknown` only until the first answer, and only in a browser that nobody was signed in to. */
export type SessionState = 'unknown' | 'signed-out' | 'signed-in';

/** `setupCode`: printed at start; asked for when the server is empty and not on loopback. */
export type SignUpForm = SignUp;
export type LogInForm = LogIn;

/** `unsent`: nothing was done, that many messages would be lost; ask the person, then call with `discardUnsent`. */
export type LogOutResult = { done: true } | { done: false; unsent: number };

/** How often an unreachable server is asked who we are, in milliseconds. */
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
    const remembered = rememberedSelf();
    if (remembered !== null) {
      // Shown at once; that the session is over, the first connection finds out, or this.
      await enter(remembered);
      void confirm();
      return;
    }
    for (;;) {
      const outcome = await http.fetchSelf();
      if (outcome.ok) return enter(outcome.data);
      if (outcome.failure.code === 'UNAUTHENTICATED') break;
      useConnectionStore().set('offline', Date.now() + ASK_AGAIN);
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN));
    }
    useConnectionStore().reset();
    state.value = 'signed-out';
    await loadMeta();
  }

  async function confirm(): Promise<void> {
    const before = self.value;
    const outcome = await http.fetchSelf();
    if (self.value !== before) return;
    if (!outcome.ok) {
      if (outcome.failure.code === 'UNAUTHENTICATED') await exit('what was written');
    } else if (outcome.data.id === before?.id) {
      self.value = outcome.data;
      rememberSelf(outcome.data);
    } else {
      // Another tab signed somebody else in.
      await exit('everything');
      await enter(outcome.data);
    }
  }

  /** Asks the server about itself again, for the sign-in and sign-up pages. */
  async function loadMeta(): Promise<void> {
    const outcome = await http.fetchMeta();
    if (outcome.ok) meta.value = outcome.data;
  }

  async function signUp(form: SignUpForm): Promise<Outcome> {
    return entered(await http.signUp(form));
  }
  async function logIn(form: LogInForm): Promise<Outcome> {
    return entered(await http.logIn(form));
  }
  async function entered(outcome: Outcome<OwnUser>): Promise<Outcome> {
    if (!outcome.ok) return outcome;
    await enter(outcome.data);
    return done(undefined);
  }

  async function logOut(options: { discardUnsent?: boolean } = {}): Promise<LogOutResult> {
    const unsent = live?.unsent() ?? 0;
    if (unsent > 0 && options.discardUnsent !== true) return { done: false, unsent };
    // The cookie goes with the answer; a server that cannot be reached keeps the session until it is idle for long.
    const leaving = http.logOut();
    live?.tellSignedOut();
    await exit('nothing');
    await leaving;
    return { done: true };
  }

  async function enter(user: OwnUser): Promise<void> {
    if (live !== null) await exit('everything');
    rememberSelf(user);
    self.value = user;
    live = await goLive(user.id, { isOver, signedOut: () => void exit('nothing') });
    state.value = 'signed-in';
  }

  /** Asked after every refused connection, so that a session that was ended elsewhere ends here. */
  async function isOver(): Promise<boolean> {
    const outcome = await http.fetchSelf();
    if (outcome.ok) return outcome.data.id !== self.value?.id;
    const over = outcome.failure.code === 'UNAUTHENTICATED';
    if (over) await exit('what was written');
    return over;
  }

  async function exit(keep: Keep): Promise<void> {
    const ending = live;
    live = null;
    if (ending === null) return;
    rememberSelf(null);
    state.value = 'signed-out';
    self.value = null;
    await ending.stop(keep);
    void loadMeta();
  }

  return { state, self, meta, start, loadMeta, signUp, logIn, logOut };
});
