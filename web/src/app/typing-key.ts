/** A key that writes a character, pressed where nothing else would take it: not in a field, a dialog or a menu. */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return false;
  if ([...event.key].length !== 1) return false;
  const target = event.target;
  if (!(target instanceof HTMLElement)) return true;
  if (target.closest('input, textarea, select, [contenteditable], [role="dialog"], [role="menu"]')) return false;
  // A space presses the button or link that has the focus.
  return event.key !== ' ' || target.closest('button, a[href]') === null;
}

/** A key without companions that nothing else would take: not in a dialog or menu, nor where somebody writes. */
export function isFree(event: KeyboardEvent): boolean {
  const alone = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey && !event.isComposing;
  if (!alone || event.defaultPrevented) return false;
  const { target } = event;
  if (!(target instanceof HTMLElement)) return true;
  if (target.closest('[role="dialog"], [role="menu"]')) return false;
  const field = target.closest('input, textarea, select, [contenteditable]');
  return field === null || (field instanceof HTMLTextAreaElement && field.value === '');
}
