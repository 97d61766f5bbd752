import { useI18n } from 'vue-i18n';

import type { NameProblem } from './names';

/** Says a problem of a name in the person's language; empty for none. */
export function useProblemText(): (problem: NameProblem | null) => string {
  const { t } = useI18n();
  return (problem) => (problem ? t(`rules.${problem.rule}`, { n: 'n' in problem ? problem.n : 0 }) : '');
}
