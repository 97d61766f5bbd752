import { readonly, ref } from 'vue';

/** The dialogs of the signed-in page. At most one of them is open. The last three are about the channel that is open. */
export type DialogName =
  'create' | 'unsent' | 'direct' | 'switcher' | 'shortcuts' | 'editChannel' | 'addPeople' | 'leaveChannel';

const current = ref<DialogName | null>(null);

/** Which dialog is open; null: none. */
export const dialog = readonly(current);

/** Opens a dialog, in the place of the one that is open. */
export function openDialog(name: DialogName): void {
  current.value = name;
}

/** Closes the dialog; with a name only if it is that one, so that nobody closes what has taken their place. */
export function closeDialog(name?: DialogName): void {
  if (name === undefined || current.value === name) current.value = null;
}
