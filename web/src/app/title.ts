import { watchEffect } from 'vue';

import { translate } from '../i18n';
import { useChannelsStore } from '../stores/channels';
import { useSessionStore } from '../stores/session';
import { channelLabel } from '../channel/label';

/** Keeps the tab's title, `(3) #x · Hearth`, and the dot on its icon in step with what is unread. */
export function keepTitle(): void {
  const session = useSessionStore();
  const channels = useChannelsStore();
  watchEffect(() => {
    const signedIn = session.state === 'signed-in';
    const unread = signedIn ? channels.totalUnread : 0;
    const name = signedIn && channels.current ? `${channelLabel(channels.current)} · ` : '';
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${name}${translate('app.name')}`;
    const icon = document.querySelector<HTMLLinkElement>('link[data-favicon]');
    const href = unread > 0 ? '/favicon-unread.svg' : '/favicon.svg';
    if (icon && icon.getAttribute('href') !== href) icon.href = href;
  });
}
