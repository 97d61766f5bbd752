import type { Failure } from '../net/outcome';

/** What the server has against a field; empty: nothing. It answers in clauses, such as `may not end with a space`. */
export function refusalText(failure: Failure, field: string, taken: string): string {
  const error = failure.fields[field];
  if (!error) return '';
  if (error.code === 'taken') return taken;
  return `${error.message.charAt(0).toLocaleUpperCase()}${error.message.slice(1)}.`;
}
