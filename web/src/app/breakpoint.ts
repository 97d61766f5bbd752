import { readonly, ref } from 'vue';

const query = matchMedia('(max-width: 699.98px)');
const matches = ref(query.matches);
query.addEventListener('change', () => (matches.value = query.matches));

/** One column: the list of channels and the channel are pages of their own. */
export const oneColumn = readonly(matches);
