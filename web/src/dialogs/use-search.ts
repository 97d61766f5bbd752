import { ref, shallowRef, watch } from 'vue';

import type { Failure, Outcome } from '../net/outcome';

/** A pause in typing that is long enough to ask, in milliseconds. */
const PAUSE_MS = 150;

/**
 * Asks while one types; an answer that was overtaken by a newer question is dropped. Starts anew each time it opens, with
 * `nothing` found.
 */
export function useSearch<T>(open: () => boolean, ask: (query: string) => Promise<Outcome<T>>, nothing: T) {
  const query = ref('');
  const results = shallowRef(nothing);
  /** The question that the results answer; null until the first answer. */
  const answered = ref<string | null>(null);
  const failure = ref<Failure | null>(null);
  let turn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  watch(
    open,
    (isOpen) => {
      clearTimeout(timer);
      turn += 1;
      if (!isOpen) return;
      query.value = '';
      results.value = nothing;
      answered.value = null;
      failure.value = null;
      void run();
    },
    { immediate: true },
  );
  watch(query, () => {
    clearTimeout(timer);
    if (open()) timer = setTimeout(run, PAUSE_MS);
  });

  async function run(): Promise<void> {
    const mine = ++turn;
    const asked = query.value.trim();
    const outcome = await ask(asked);
    if (mine !== turn) return;
    if (outcome.ok) results.value = outcome.data;
    failure.value = outcome.ok ? null : outcome.failure;
    answered.value = asked;
  }

  return { query, results, answered, failure, again: () => void run() };
}
