import { mount, type VueWrapper } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { defineComponent, nextTick, ref, shallowRef } from 'vue';

import { announce, announcement } from '../app/announcer';
import { i18n } from '../i18n';
import type { ChannelItem } from '../stores/channels';
import { usePeopleStore } from '../stores/people';
import type { TimelineView } from '../stores/view';
import type { Row } from '../timeline/row';
import { useAnnouncements } from './use-announcements';

const channel = { id: 'c', direct: false, private: false, title: 'rust', users: [] } as unknown as ChannelItem;
let page: VueWrapper;
const view = shallowRef<TimelineView>(holding([]));

beforeEach(() => {
  vi.useFakeTimers();
  setActivePinia(createPinia());
  usePeopleStore().put({ id: 'ada', username: 'ada', displayName: 'Ada', isOnline: true });
  announce('');
});
afterEach(() => {
  page.unmount();
  vi.useRealTimers();
});

function holding(rows: Row[], ready = true): TimelineView {
  return { ...({} as TimelineView), rows, ready, headSeq: rows.at(-1)?.seq ?? 0 };
}
function row(seq: number, from = 'ada', content = `message ${seq}`): Row {
  return { seq, from, content, deletedAt: null } as Row;
}
function open(rows: Row[], ready = true): void {
  view.value = holding(rows, ready);
  const setup = () => (useAnnouncements(view, () => channel, ref('me')), () => null);
  page = mount(defineComponent({ setup }), { global: { plugins: [i18n] } });
}
async function show(rows: Row[]): Promise<void> {
  view.value = holding(rows);
  await nextTick();
  vi.advanceTimersByTime(1000);
}

it('says who wrote what', async () => {
  open([row(1)]);
  await show([row(1), row(2)]);
  expect(announcement.value).toBe('Ada: message 2');
});

it('never says what was there on opening, nor history that is loaded later', async () => {
  open([], false);
  await show([row(7), row(8)]);
  await show([row(5), row(6), row(7), row(8)]);
  expect(announcement.value.trim()).toBe('');
});

it('never says what one wrote oneself, nor what was deleted', async () => {
  open([row(1)]);
  await show([row(1), row(2, 'me'), { ...row(3), deletedAt: 1 }]);
  expect(announcement.value.trim()).toBe('');
});

it('says many that come together as a number', async () => {
  open([row(1)]);
  await show([row(1), row(2), row(3), row(4)]);
  expect(announcement.value).toBe('3 new messages in #rust');
});
