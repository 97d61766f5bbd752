import { defineStore } from 'pinia';
import { ref } from 'vue';

import type { Failure } from '../net/outcome';
import { translate } from '../i18n';

/** A short notice at the edge of the page. */
export interface Toast {
  id: number;
  kind: 'info' | 'error';
  text: string;
}

/** More would be a list to read, not a notice: the oldest goes. */
const MAX = 3;
const INFO_MS = 5_000;

/** The notices. Errors stay until they are dismissed or pushed out. */
export const useToasts = defineStore('toasts', () => {
  const toasts = ref<Toast[]>([]);
  let lastId = 0;

  function add(kind: Toast['kind'], text: string): void {
    const same = toasts.value.find((toast) => toast.kind === kind && toast.text === text);
    if (same) dismiss(same.id);
    const id = ++lastId;
    toasts.value = [...toasts.value, { id, kind, text }].slice(-MAX);
    if (kind === 'info') setTimeout(() => dismiss(id), INFO_MS);
  }
  function dismiss(id: number): void {
    toasts.value = toasts.value.filter((toast) => toast.id !== id);
  }

  return {
    toasts,
    dismiss,
    info: (text: string) => add('info', text),
    error: (text: string) => add('error', text),
    /** Something of this page itself went wrong. */
    broken: () => add('error', translate('broken.part')),
    failed: (failure: Failure) => add('error', failureText(failure)),
  };
});

/** What a failure says to the person, in their language. */
export function failureText(failure: Failure): string {
  return translate(`failure.${failure.code}`);
}
