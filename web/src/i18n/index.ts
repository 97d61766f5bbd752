import { createI18n } from 'vue-i18n';

import en from './en.json';

/** The texts of the page. A language is a file beside `en.json`; the shape of the English one is the law. */
export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en },
});

/** A text outside of a component. */
export const translate = i18n.global.t;
