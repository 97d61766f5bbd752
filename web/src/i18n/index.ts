import { computed, readonly, ref } from 'vue';
import { createI18n } from 'vue-i18n';

import en from './en.json';

type Texts = typeof en;

/** The languages of the page, each called as those who speak it call it. A language is a file beside `en.json`. */
export const LANGUAGES = [
  { code: 'en', name: 'English' },
  { code: 'de', name: 'Deutsch' },
] as const;
export type Language = (typeof LANGUAGES)[number]['code'];
/** `system`: the first language of the browser that the page has. */
export type LanguageChoice = Language | 'system';

/**
 * Made up, for tests: the English texts in other letters, from left to right and from right to left. Chosen by hand
 * under the key below; whatever is then still in plain letters is not a text of this page, or should be one.
 */
const PSEUDO = ['en-XA', 'ar-XB'] as const;
type Locale = Language | (typeof PSEUDO)[number];

const KEY = 'hearth:language';
const LOADERS: Record<Exclude<Locale, 'en'>, () => Promise<{ default: Texts }>> = {
  de: () => import('./de.json'),
  'en-XA': () => import('./en.json?pseudo'),
  'ar-XB': () => import('./en.json?pseudo'),
};

/** The shape of the English texts is the law; what another language lacks is English. */
export const i18n = createI18n<[Texts], Locale, false>({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en } as unknown as Record<Locale, Texts>,
  missingWarn: false,
  fallbackWarn: false,
});

/** A text outside of a component. */
export const translate = i18n.global.t;

const stored = ref(read());
const loaded = new Set<Locale>(['en']);

/** What was chosen on this device. */
export const languageChoice = computed<LanguageChoice>(() => {
  const language = LANGUAGES.find(({ code }) => code === stored.value);
  return language?.code ?? 'system';
});

const format = ref(formatOf('en'));
/** How dates and times are written: as the browser's owner does where they speak the page's language. */
export const formatLocale = readonly(format);

const towards = ref<'ltr' | 'rtl'>('ltr');
/** Where the page's language runs to; for what places itself by a script. */
export const direction = readonly(towards);

/** Shows the page in the language of this device. Call before the page is drawn; never fails. */
export async function startLanguage(): Promise<void> {
  await show(wanted());
}

/** Chooses the language on this device. */
export async function chooseLanguage(choice: LanguageChoice): Promise<void> {
  stored.value = choice;
  try {
    if (choice === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
  } catch {
    // Storage may be forbidden; the choice then lasts until the page is left.
  }
  await show(wanted());
}

async function show(locale: Locale): Promise<void> {
  const shown = (await load(locale)) ? locale : 'en';
  i18n.global.locale.value = shown;
  format.value = formatOf(shown);
  towards.value = shown === 'ar-XB' ? 'rtl' : 'ltr';
  document.documentElement.lang = shown;
  document.documentElement.dir = towards.value;
}

async function load(locale: Locale): Promise<boolean> {
  if (locale === 'en' || loaded.has(locale)) return true;
  try {
    i18n.global.setLocaleMessage(locale, (await LOADERS[locale]()).default);
    loaded.add(locale);
    return true;
  } catch {
    // Cut off just now: English is there already.
    return false;
  }
}

function wanted(): Locale {
  const chosen = [...LANGUAGES.map(({ code }) => code), ...PSEUDO].find((code) => code === stored.value);
  return chosen ?? languageOf(navigator.languages);
}

/** The first of a person's languages that the page has. */
export function languageOf(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const found = LANGUAGES.find(({ code }) => code === tag.split('-')[0]?.toLowerCase());
    if (found) return found.code;
  }
  return 'en';
}

function formatOf(locale: Locale): string {
  const base = locale.split('-')[0] ?? locale;
  if (locale === 'en-XA' || locale === 'ar-XB') return 'en';
  return navigator.languages.find((tag) => tag.split('-')[0]?.toLowerCase() === base) ?? locale;
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
