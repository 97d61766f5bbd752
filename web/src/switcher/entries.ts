import type { User } from '../protocol';
import type { ChannelItem } from '../stores/channels';
import { match } from './match';

/** A place to go to. */
export interface Entry {
  key: string;
  title: string;
  /** Which characters of the title were typed. */
  marks: readonly number[];
  /** A channel or conversation that one is in, or somebody to begin one with. */
  to: { kind: 'channel'; channel: ChannelItem } | { kind: 'person'; user: User };
}

/** As many as fit without scrolling. */
const SHOWN = 10;
/** What is unread, and what is a conversation already, comes first among equally good finds. */
const UNREAD = 3;
const KNOWN = 2;

/** What a query leads to, the best first. Without a query: what is unread, then what was talked in last. */
export function entriesFor(
  query: string,
  channels: readonly ChannelItem[],
  found: readonly User[],
  currentId: string | null,
): Entry[] {
  const others = channels.filter((channel) => channel.id !== currentId);
  if (query.trim() === '') {
    const latest = others.toSorted(
      (a, b) => Number(b.unread > 0) - Number(a.unread > 0) || (b.lastMessageAt ?? 0) - (a.lastMessageAt ?? 0),
    );
    return latest.slice(0, SHOWN).map((channel) => ofChannel(channel, []));
  }
  const scored: { entry: Entry; score: number }[] = [];
  for (const channel of channels) {
    const hit = match(query, channel.title);
    if (hit === null) continue;
    const score = hit.score + KNOWN + (channel.unread > 0 ? UNREAD : 0) - (channel.id === currentId ? UNREAD : 0);
    scored.push({ entry: ofChannel(channel, hit.at), score });
  }
  // Whoever one talks with alone already stands there as that conversation.
  const partners = new Set(channels.flatMap(({ direct, users }) => (direct && users.length === 1 ? users : [])));
  for (const user of found) {
    if (partners.has(user.id)) continue;
    const hit = match(query, user.displayName);
    const byName = match(query, user.username);
    if (hit === null && byName === null) continue;
    const score = Math.max(hit?.score ?? -Infinity, byName?.score ?? -Infinity);
    const entry = { key: `u:${user.id}`, title: user.displayName, marks: hit?.at ?? [] };
    scored.push({ entry: { ...entry, to: { kind: 'person', user } }, score });
  }
  return scored
    .toSorted((a, b) => b.score - a.score)
    .slice(0, SHOWN)
    .map(({ entry }) => entry);
}

function ofChannel(channel: ChannelItem, marks: readonly number[]): Entry {
  return { key: `c:${channel.id}`, title: channel.title, marks, to: { kind: 'channel', channel } };
}
