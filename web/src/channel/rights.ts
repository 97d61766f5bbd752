import type { OwnUser } from '../protocol';
import type { ChannelItem } from '../stores/channels';
import type { Row } from '../timeline/row';

// What the server would allow: a control that it would refuse is not drawn. The server decides all the same.

/** The owner of a channel; the owner of the server counts as the owner of public ones. */
export function mayManage(channel: Pick<ChannelItem, 'role' | 'direct' | 'private'>, self: OwnUser | null): boolean {
  if (channel.direct || self === null) return false;
  return channel.role === 'owner' || (!channel.private && self.role === 'owner');
}

/** Whoever wrote it may change it, also while it waits to be sent. */
export function mayEdit(row: Row, self: OwnUser | null): boolean {
  return isChangeable(row) && row.from === self?.id;
}

/** Whoever wrote it or owns the channel may delete it. */
export function mayDelete(
  row: Row,
  channel: Pick<ChannelItem, 'role' | 'direct' | 'private'>,
  self: OwnUser | null,
): boolean {
  return isChangeable(row) && (row.from === self?.id || mayManage(channel, self));
}

/** What is stored and was not deleted has a link that leads to it. */
export function hasLink(row: Row): boolean {
  return row.state === 'sent' && row.seq !== null && row.deletedAt === null;
}

function isChangeable(row: Row): boolean {
  return row.state !== 'failed' && row.deletedAt === null;
}

/** The channel that everybody is in for good. */
export function isEverybodys(channel: Pick<ChannelItem, 'title' | 'direct' | 'private'>): boolean {
  return channel.title === 'General' && !channel.direct && !channel.private;
}
