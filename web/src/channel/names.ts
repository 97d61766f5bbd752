import { computed } from 'vue';

import { formatLocale, translate } from '../i18n';

/** More names are counted instead of named. */
const NAMED = 3;
const conjunction = computed(() => new Intl.ListFormat(formatLocale.value, { type: 'conjunction' }));

/** Names as a sentence has them: `Ada, Ben and 4 others`. */
export function listOf(names: readonly string[]): string {
  if (names.length <= NAMED) return conjunction.value.format(names);
  const shown = names.slice(0, NAMED - 1);
  return conjunction.value.format([...shown, translate('people.others', { n: names.length - shown.length })]);
}
