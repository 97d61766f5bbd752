import { defineAsyncComponent, type Component } from 'vue';

import { unreachable } from '../net/outcome';
import { useToasts } from './toasts';

/** How often a part that did not come is asked for again. */
const TRIES = 3;
/** Grows with each try, in milliseconds. */
const PAUSE = 400;

/** A component of its own file, fetched when it is first needed. What cannot be fetched is said. */
export function lazy(load: () => Promise<{ default: Component }>): Component {
  return defineAsyncComponent({
    loader: load,
    onError: (_error, retry, fail, attempts) => {
      if (attempts < TRIES) {
        setTimeout(retry, PAUSE * attempts);
        return;
      }
      useToasts().failed(unreachable('a part of the page'));
      fail();
    },
  });
}

/** Runs something when the page has nothing else to do. */
export function whenIdle(act: () => void): void {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(act, { timeout: 10_000 });
  else setTimeout(act, 2_000);
}
