import { createRouter, createWebHistory, type Router, type RouterHistory } from 'vue-router';

import ChatPage from '../pages/ChatPage.vue';
import { useSessionStore } from '../stores/session';
import { withRetries } from './lazy';
import { afterSignIn, ROUTE } from './routes';

// Whoever is signed in already, nearly everybody on nearly every visit, does without these.
const SignInPage = () => withRetries(() => import('../pages/SignInPage.vue'));
const SignUpPage = () => withRetries(() => import('../pages/SignUpPage.vue'));

declare module 'vue-router' {
  interface RouteMeta {
    /** Who may see the page: whoever is signed in, or whoever is not. */
    for: 'members' | 'guests';
  }
}

/**
 * The routes. Who may see what depends on who is signed in: nothing is entered before that is known.
 * @param started what `session.start()` returned
 */
export function makeRouter(started: Promise<void>, history: RouterHistory = createWebHistory()): Router {
  const router = createRouter({
    history,
    routes: [
      { path: '/signin', name: ROUTE.signIn, component: SignInPage, meta: { for: 'guests' } },
      { path: '/signup', name: ROUTE.signUp, component: SignUpPage, meta: { for: 'guests' } },
      // One component for all of these: going from a channel to the list of a phone keeps the shell.
      { path: '/', name: ROUTE.home, component: ChatPage, meta: { for: 'members' } },
      { path: '/channels', name: ROUTE.list, component: ChatPage, meta: { for: 'members' } },
      { path: '/c/:channelId', name: ROUTE.channel, component: ChatPage, meta: { for: 'members' } },
      {
        path: '/c/:channelId/:messageId(\\d{1,15})',
        name: ROUTE.message,
        component: ChatPage,
        meta: { for: 'members' },
      },
      { path: '/c/:channelId/members', name: ROUTE.members, component: ChatPage, meta: { for: 'members' } },
      { path: '/browse', name: ROUTE.browse, component: ChatPage, meta: { for: 'members' } },
      { path: '/settings/:section?', name: ROUTE.settings, component: ChatPage, meta: { for: 'members' } },
      { path: '/:rest(.*)', redirect: '/' },
    ],
  });

  router.beforeEach(async (to) => {
    await started;
    const session = useSessionStore();
    const signedIn = session.state === 'signed-in';
    if (to.meta.for === 'members' && !signedIn) {
      const page = session.meta?.empty ? ROUTE.signUp : ROUTE.signIn;
      return { name: page, query: to.name === ROUTE.home ? {} : { next: to.fullPath } };
    }
    if (to.meta.for === 'guests' && signedIn) return afterSignIn(to.query.next);
    return true;
  });

  return router;
}
