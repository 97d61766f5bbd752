/** On a Mac the Command key does what the Control key does elsewhere. */
export const isMac = /mac|iphone|ipad/i.test(navigator.platform);

/** Whether the key that begins commands is held: Control, or Command. */
export function isCommand(event: KeyboardEvent): boolean {
  return (event.ctrlKey || event.metaKey) && !event.altKey;
}

/** One key of a shortcut: a name of `keys.*` in the texts, or the character itself. */
type Key =
  'Mod' | 'Alt' | 'Shift' | 'Enter' | 'Escape' | 'Delete' | 'End' | '↑' | '↓' | 'K' | '/' | 'B' | 'I' | 'X' | 'C' | 'E';

/** What the sheet of shortcuts shows, by where the keys work. `what` is a text below `shortcuts`. */
export const SHORTCUTS: readonly { group: string; list: readonly { what: string; keys: readonly Key[] }[] }[] = [
  {
    group: 'everywhere',
    list: [
      { what: 'switcher', keys: ['Mod', 'K'] },
      { what: 'previous', keys: ['Alt', '↑'] },
      { what: 'next', keys: ['Alt', '↓'] },
      { what: 'previousUnread', keys: ['Alt', 'Shift', '↑'] },
      { what: 'nextUnread', keys: ['Alt', 'Shift', '↓'] },
      { what: 'close', keys: ['Escape'] },
      { what: 'readAll', keys: ['Shift', 'Escape'] },
      { what: 'newest', keys: ['End'] },
      { what: 'help', keys: ['Mod', '/'] },
    ],
  },
  {
    group: 'writing',
    list: [
      { what: 'send', keys: ['Enter'] },
      { what: 'line', keys: ['Shift', 'Enter'] },
      { what: 'bold', keys: ['Mod', 'B'] },
      { what: 'italic', keys: ['Mod', 'I'] },
      { what: 'strike', keys: ['Mod', 'Shift', 'X'] },
      { what: 'code', keys: ['Mod', 'Shift', 'C'] },
      { what: 'editLast', keys: ['↑'] },
    ],
  },
  {
    group: 'messages',
    list: [
      { what: 'up', keys: ['↑'] },
      { what: 'down', keys: ['↓'] },
      { what: 'edit', keys: ['E'] },
      { what: 'delete', keys: ['Delete'] },
      { what: 'link', keys: ['C'] },
    ],
  },
];
