import { ref, watch } from 'vue';

/** What the person chose; `system` follows the device. */
export type ThemeChoice = 'light' | 'dark' | 'system';

// The key and the rule are those of public/theme.js, which runs before the first paint.
const KEY = 'hearth:theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

/** The chosen theme; setting it repaints and is remembered on this device. */
export const theme = ref<ThemeChoice>(stored());

watch(theme, (choice) => {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // Storage may be forbidden; the choice then lasts until the page is left.
  }
  apply();
});
dark.addEventListener('change', apply);
addEventListener('storage', (event) => {
  if (event.key === KEY) theme.value = stored();
});

function stored(): ThemeChoice {
  try {
    const choice = localStorage.getItem(KEY);
    return choice === 'light' || choice === 'dark' ? choice : 'system';
  } catch {
    return 'system';
  }
}

function apply(): void {
  const isDark = theme.value === 'dark' || (theme.value === 'system' && dark.matches);
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
}
