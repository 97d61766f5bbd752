import { shallowRef } from 'vue';

import type { Link } from '../net/link';
import type { Outbox } from '../outbox/outbox';
import type { Storage } from '../outbox/storage';
import type { Tabs } from '../outbox/tabs';
import type { Marks } from '../sync/marks';
import type { Reading } from '../sync/reading';
import type { Sync } from '../sync/sync';
import type { OwnTyping } from '../sync/typing';

/** What runs while somebody is signed in. Stores use it; components never do. */
export interface Services {
  /** The own user id. */
  self: string;
  link: Link;
  outbox: Outbox;
  storage: Storage;
  tabs: Tabs;
  sync: Sync;
  marks: Marks;
  reading: Reading;
  typing: OwnTyping;
}

const running = shallowRef<Services | null>(null);

/** What runs now; null while nobody is signed in. */
export function services(): Services | null {
  return running.value;
}

/** Set by `live.ts` alone. */
export function setServices(next: Services | null): void {
  running.value = next;
}
