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
