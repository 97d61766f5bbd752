import { defineAsyncComponent, type Component } from 'vue';

import { unreachable } from '../net/outcome';
import { useToasts } from './toasts';

/** How often a part that did not come is asked for again. */
const TRIES = 3;
/** Grows with each try, in milliseconds. */
const PAUSE = 400;

/** Fetches a part of the page that is a file of its own: more than once, if need be. */
export async function withRetries<Part>(load: () => Promise<Part>): Promise<Part> {
  for (let tries = 1; ; tries++) {
    try {
      return await load();
    } catch (error) {
      if (tries === TRIES) throw error;
    }
    await new Promise((resume) => setTimeout(resume, PAUSE * tries));
  }
}

/** The same, and what cannot be fetched is said. */
export async function fetched<Part>(load: () => Promise<Part>): Promise<Part> {
  try {
    return await withRetries(load);
  } catch (error) {
    useToasts().failed(unreachable('a part of the page'));
    throw error;
  }
}

/** A component of its own file, fetched when it is first needed. */
export function lazy(load: () => Promise<{ default: Component }>): Component {
  return defineAsyncComponent(() => fetched(load));
}

let queue: Promise<unknown> = Promise.resolve();

/**
 * Fetches parts beforehand, so that they open at once, and without a connection too: when the page has nothing else to do,
 * and one after the other, so that what somebody asks for meanwhile has no more than one of them before it on the line.
 * Not where the browser is to save data.
 */
export function prefetch(loads: readonly (() => Promise<unknown>)[]): void {
  if (savesData()) return;
  whenIdle(() => {
    // What cannot be fetched now is fetched, and missed, when it is asked for.
    for (const load of loads) queue = queue.then(load).catch(() => undefined);
  });
}

function savesData(): boolean {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
  return connection?.saveData === true;
}

/** Runs something when the page has nothing else to do. */
export function whenIdle(act: () => void): void {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(act, { timeout: 10_000 });
  else setTimeout(act, 2_000);
}
