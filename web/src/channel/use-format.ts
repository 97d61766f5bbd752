import { nextTick, type Ref, type ShallowRef } from 'vue';

import { toggleMark, type Mark } from './format';

/** Puts marks around what is selected in a field, in a way that Ctrl+Z takes back. */
export function useFormat(
  area: Readonly<ShallowRef<HTMLTextAreaElement | null>>,
  text: Ref<string>,
  changed: () => void,
): (mark: Mark) => void {
  return (mark) => {
    const element = area.value;
    if (!element) return;
    const edit = toggleMark(element.value, element.selectionStart, element.selectionEnd, mark);
    element.focus();
    element.setSelectionRange(edit.from, edit.to);
    // The one way to edit that Ctrl+Z can take back; deprecated in name, and there in every browser.
    if (!document.execCommand('insertText', false, edit.text)) {
      element.setRangeText(edit.text, edit.from, edit.to, 'end');
      text.value = element.value;
      changed();
    }
    void nextTick(() => element.setSelectionRange(edit.selectFrom, edit.selectTo));
  };
}
