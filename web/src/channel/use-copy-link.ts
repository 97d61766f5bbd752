import { useI18n } from 'vue-i18n';
import { useRouter } from 'vue-router';

import { copyText } from '../app/clipboard';
import { toMessage } from '../app/routes';
import { useToasts } from '../app/toasts';
import type { Row } from '../timeline/row';

/** Puts the address of a message on the clipboard, and says so. */
export function useCopyLink(): (row: Row) => Promise<void> {
  const router = useRouter();
  const toasts = useToasts();
  const { t } = useI18n();
  return async ({ channelId, seq }) => {
    if (seq === null) return;
    const { href } = router.resolve(toMessage(channelId, seq));
    if (await copyText(new URL(href, location.origin).href)) toasts.info(t('edit.linkCopied'));
    else toasts.error(t('copy.failed'));
  };
}
