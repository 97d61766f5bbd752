import { onBeforeUnmount, watch, type Ref } from 'vue';
import { useI18n } from 'vue-i18n';

import { announce } from '../app/announcer';
import type { ChannelItem } from '../stores/channels';
import { usePeopleStore } from '../stores/people';
import type { TimelineView } from '../stores/view';
import type { Row } from '../timeline/row';
import { channelLabel } from './label';

/** What comes in such a span is said together, in milliseconds. */
const GATHER_MS = 600;
/** A longer message is cut for the ear. */
const MAX = 300;

/** Says what others write while the channel is open: never history, never one's own. */
export function useAnnouncements(
  view: Readonly<Ref<TimelineView>>,
  channel: () => ChannelItem,
  selfId: Readonly<Ref<string>>,
): void {
  const people = usePeopleStore();
  const { t } = useI18n();
  /** Everything up to here was there at the beginning or has been said. */
  let said: number | null = null;
  let waiting: Row[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  watch(
    view,
    ({ ready, rows, headSeq }) => {
      if (!ready) return;
      if (said === null) {
        said = headSeq;
        return;
      }
      for (const row of rows.slice(-50)) {
        if (row.seq === null || row.seq <= said) continue;
        said = row.seq;
        if (row.from !== selfId.value && row.deletedAt === null) waiting.push(row);
      }
      if (waiting.length > 0) timer ??= setTimeout(speak, GATHER_MS);
    },
    { immediate: true },
  );
  onBeforeUnmount(() => clearTimeout(timer));

  function speak(): void {
    timer = undefined;
    const rows = waiting;
    waiting = [];
    const [first] = rows;
    if (!first) return;
    if (rows.length > 1) {
      announce(t('channel.saidMany', { n: rows.length, channel: channelLabel(channel()) }));
      return;
    }
    const name = people.byId(first.from)?.displayName ?? t('channel.someone');
    announce(t('channel.said', { name, text: first.content.slice(0, MAX) }));
  }
}
