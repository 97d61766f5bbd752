import { ref, watch } from 'vue';

// The key and the rule are those of public/theme.js, which runs before the first paint.
const KEY = 'hearth:density';

/** Whether messages stand closely; setting it repaints and is remembered on this device. */
export const compact = ref(stored());

watch(compact, (isCompact) => {
  try {
    localStorage.setItem(KEY, isCompact ? 'compact' : 'roomy');
  } catch {
    // Storage may be forbidden; the choice then lasts until the page is left.
  }
  apply();
});
addEventListener('storage', (event) => {
  if (event.key === KEY) compact.value = stored();
});

function stored(): boolean {
  try {
    return localStorage.getItem(KEY) === 'compact';
  } catch {
    return false;
  }
}

function apply(): void {
  document.documentElement.dataset.density = compact.value ? 'compact' : 'roomy';
}
