import { defineAsyncComponent, type Component } from 'vue';

import { unreachable } from '../net/outcome';
import { useToasts } from './toasts';

/** How often a part that did not come is asked for again. */
const TRIES = 3;
/** Grows with each try, in milliseconds. */
const PAUSE = 400;

/** Fetches a part of the page that is a file of its own. What cannot be fetched is said, and fails. */
export async function fetched<Part>(load: () => Promise<Part>): Promise<Part> {
  for (let tries = 1; ; tries++) {
    try {
      return await load();
    } catch (error) {
      if (tries === TRIES) {
        useToasts().failed(unreachable('a part of the page'));
        throw error;
      }
    }
    await new Promise((resume) => setTimeout(resume, PAUSE * tries));
  }
}

/** A component of its own file, fetched when it is first needed. */
export function lazy(load: () => Promise<{ default: Component }>): Component {
  return defineAsyncComponent(() => fetched(load));
}

/** Runs something when the page has nothing else to do. */
export function whenIdle(act: () => void): void {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(act, { timeout: 10_000 });
  else setTimeout(act, 2_000);
}
