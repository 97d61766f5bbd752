import './styles/index.css';

import { createPinia } from 'pinia';
import { createApp } from 'vue';

import App from './App.vue';
import { makeRouter } from './app/router';
import { keepTitle } from './app/title';
import { i18n, startLanguage } from './i18n';
import { useSessionStore } from './stores/session';

// Said by public/check.js, which has put its own words on the page then.
const isStopped = (): boolean => 'stopped' in document.documentElement.dataset;

if (!isStopped()) {
  const app = createApp(App).use(createPinia()).use(i18n);
  const started = useSessionStore().start();
  await startLanguage();
  app.runWithContext(keepTitle);
  app.use(makeRouter(started));
  // What the page looks like may turn out not to come while its language does.
  if (!isStopped()) app.mount('#app');
}
