import { readonly, ref, type DeepReadonly, type Ref } from 'vue';

/** One column: the list of channels and the channel are pages of their own. */
export const oneColumn = matching('(max-width: 699.98px)');

/** Room for a panel beside the channel. */
export const threeColumns = matching('(min-width: 1100px)');

function matching(condition: string): DeepReadonly<Ref<boolean>> {
  const query = matchMedia(condition);
  const matches = ref(query.matches);
  query.addEventListener('change', () => (matches.value = query.matches));
  return readonly(matches);
}
