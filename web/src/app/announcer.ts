import { readonly, ref } from 'vue';

const text = ref('');

/** What the page's one polite live region says. */
export const announcement = readonly(text);

/** Says something to those who listen to the page instead of seeing it. */
export function announce(what: string): void {
  // The same words twice would not be read again; a trailing no-break space makes them new.
  text.value = what === text.value ? `${what}\u00a0` : what;
}
