import type { Plugin } from 'vite';

/** The order of the cascade layers, the weakest first. */
const ORDER = '@layer reset,tokens,base,layout,components,utilities;';

/**
 * Begins the style sheet with the order of its layers: they come in the order in which they are first named, and which
 * file that is in depends on how the page is cut into parts.
 */
export function layers(): Plugin {
  return {
    name: 'hearth:layers',
    enforce: 'post',
    generateBundle(_options, bundle) {
      for (const asset of Object.values(bundle)) {
        if (asset.type === 'asset' && asset.fileName.endsWith('.css')) asset.source = ORDER + String(asset.source);
      }
    },
  };
}
