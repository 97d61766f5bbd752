import { mount, type VueWrapper } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { i18n } from '../i18n';
import { useChannelsStore, type ChannelItem } from '../stores/channels';
import { useTimelinesStore } from '../stores/timelines';
import MessageComposer from './MessageComposer.vue';

const channel: ChannelItem = {
  id: 'c1',
  direct: false,
  private: false,
  title: 'rust',
  topic: null,
  users: [],
  userCount: 1,
  unread: 0,
  lamp: false,
  role: 'member',
  lastMessageAt: null,
  hasDraft: false,
};

let composer: VueWrapper;
let send: ReturnType<typeof vi.fn>;

beforeEach(() => {
  setActivePinia(createPinia());
  send = vi.fn(async () => 'client-id');
  useTimelinesStore().send = send as never;
});
afterEach(() => composer.unmount());

function open(): HTMLTextAreaElement {
  composer = mount(MessageComposer, { props: { channel }, global: { plugins: [i18n] }, attachTo: document.body });
  return composer.get<HTMLTextAreaElement>('textarea').element;
}
const field = () => composer.get('textarea');

it('sends with Enter what was written, without the space around it, and is empty again', async () => {
  const element = open();
  await field().setValue('  two\nlines \n');
  await field().trigger('keydown', { key: 'Enter' });
  expect(send.mock.calls).toEqual([['c1', 'two\nlines', '#rust']]);
  expect(element.value).toBe('');
});

it('keeps the text while an input method composes', async () => {
  open();
  await field().setValue('にほん');
  await field().trigger('keydown', { key: 'Enter', isComposing: true });
  expect(send).not.toHaveBeenCalled();
});

it('sends nothing that is only space', async () => {
  open();
  await field().setValue(' \n ');
  await field().trigger('keydown', { key: 'Enter' });
  expect(send).not.toHaveBeenCalled();
});

it('says how much is too much, and loses nothing of it', async () => {
  const element = open();
  await field().setValue('😀'.repeat(5001));
  expect(composer.get('#composer-count').text()).toBe('One character too many');
  expect(element.getAttribute('aria-invalid')).toBe('true');
  await field().trigger('keydown', { key: 'Enter' });
  expect(send).not.toHaveBeenCalled();
  expect([...element.value]).toHaveLength(5001);
});

it('gives the text back when it cannot be written down', async () => {
  const element = open();
  send.mockRejectedValueOnce(new Error('no storage left'));
  await field().setValue('precious');
  await field().trigger('keydown', { key: 'Enter' });
  await vi.waitFor(() => expect(element.value).toBe('precious'));
});

it('begins with the draft, and keeps it up to date', async () => {
  useChannelsStore().setDraft('c1', 'half a thou', '#rust');
  const element = open();
  expect(element.value).toBe('half a thou');
  await field().setValue('half a thought');
  expect(useChannelsStore().draft('c1')).toBe('half a thought');
});

it('shows what another tab made of the draft, unless something else is typed here', async () => {
  const element = open();
  await field().setValue('begun');
  useChannelsStore().setDraft('c1', 'begun, gone on', '#rust');
  await vi.waitFor(() => expect(element.value).toBe('begun, gone on'));
  useChannelsStore().setDraft('c1', '', '#rust');
  await vi.waitFor(() => expect(element.value).toBe(''));
});

it('is never disabled', async () => {
  const element = open();
  expect(element.disabled).toBe(false);
  expect(element.readOnly).toBe(false);
  expect(composer.get<HTMLButtonElement>('[data-testid=send]').element.disabled).toBe(false);
});
