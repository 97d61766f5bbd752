import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';
import { layers } from './tools/layers.ts';
import { messages } from './tools/messages.ts';

const server = process.env.HEARTH_DEV_SERVER ?? 'http://localhost:3000';

export default defineConfig({
  plugins: [messages(), vue(), layers()],
  resolve: {
    alias: {
      'vue-i18n': 'vue-i18n/dist/vue-i18n.runtime.esm-bundler.js',
    },
  },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'true',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
    __INTLIFY_DROP_MESSAGE_COMPILER__: 'true',
  },
  build: {
    target: 'es2022',
    // The browsers of public/check.js. For older ones `:dir()` would be written as a list of languages, which is another
    // thing.
    cssTarget: ['chrome120', 'firefox121', 'safari17.2'],
    // A data: URL would be refused by `font-src 'self'`.
    assetsInlineLimit: 0,
    // All of it is small; parts that came one by one would each bring a request, and their own order.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // What counts is the compressed size, and scripts/budget.mjs holds that.
    chunkSizeWarningLimit: 700,
  },
  server: {
    // The Host header stays that of this page, so that the server's Origin rule sees one and the same host.
    proxy: {
      '/api': { target: server },
      '/socket.io': { target: server, ws: true },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    restoreMocks: true,
  },
});
