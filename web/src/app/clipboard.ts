/** Puts a text on the clipboard; false where the browser does not let us. Call from a key or a click. */
export async function copyText(text: string): Promise<boolean> {
  // On plain HTTP beyond localhost browsers have no clipboard; the old way works there too.
  const clipboard = (navigator as Partial<Navigator>).clipboard;
  if (clipboard === undefined) return copyAsEvent(text);
  return clipboard.writeText(text).then(
    () => true,
    () => copyAsEvent(text),
  );
}

function copyAsEvent(text: string): boolean {
  let copied = false;
  const fill = (event: ClipboardEvent): void => {
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
    event.stopImmediatePropagation();
    copied = true;
  };
  document.addEventListener('copy', fill, { capture: true });
  // Deprecated in name, and there in every browser.
  const done = document.execCommand('copy');
  document.removeEventListener('copy', fill, { capture: true });
  return done && copied;
}
