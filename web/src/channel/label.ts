import type { ChannelItem } from '../stores/channels';

/** How a channel is named in running text: `#rust`, or the people of a direct conversation. */
export function channelLabel(channel: Pick<ChannelItem, 'direct' | 'private' | 'title'>): string {
  return channel.direct || channel.private ? channel.title : `#${channel.title}`;
}
