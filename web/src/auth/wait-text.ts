import type { ComposerTranslation } from 'vue-i18n';

import type { Failure } from '../net/outcome';

/** "Try again in 12 seconds", as far as the server said when. */
export function waitText(t: ComposerTranslation, failure: Failure): string {
  if (failure.retryAfterMs === null) return t('auth.tooMany');
  return t('auth.tooManyIn', Math.max(1, Math.ceil(failure.retryAfterMs / 1000)));
}
