import { i18n, translate } from '../i18n';
import type { Failure } from '../net/outcome';

/** What the server has against a field; empty: nothing. It answers in English clauses, such as `may not be empty`. */
export function refusalText(failure: Failure, field: string, taken: string): string {
  const error = failure.fields[field];
  if (!error) return '';
  if (error.code === 'taken') return taken;
  if (i18n.global.locale.value !== 'en') return translate('rules.notAccepted');
  return `${error.message.charAt(0).toLocaleUpperCase()}${error.message.slice(1)}.`;
}
