import { baseCompile } from '@intlify/message-compiler';
import type { Plugin } from 'vite';

import { accented } from './pseudo.ts';

type Messages = { [key: string]: string | Messages };

/**
 * Compiles the texts of `src/i18n/*.json` while building, so that the page needs neither the message compiler
 * nor `eval`, which the content security policy forbids. With `?pseudo` the texts are put into other letters first.
 */
export function messages(): Plugin {
  return {
    name: 'hearth:messages',
    enforce: 'pre',
    transform(source, id) {
      const found = /\/src\/i18n\/[a-z-]+\.json(\?pseudo)?$/i.exec(id);
      if (found === null) return null;
      const dress = found[1] === undefined ? (text: string): string => text : accented;
      const compiled = compile(JSON.parse(source) as Messages, (text) => {
        const problems: string[] = [];
        const { ast } = baseCompile(dress(text), {
          jit: true,
          minify: true,
          location: false,
          onError: (error) => problems.push(error.message),
        });
        if (problems.length > 0) this.error(`${id}: “${text}”: ${problems.join(', ')}`);
        return ast;
      });
      return { code: `export default ${JSON.stringify(compiled)}`, map: null, moduleType: 'js' };
    },
  };
}

function compile(messages: Messages, one: (text: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(messages).map(([key, value]) => [key, typeof value === 'string' ? one(value) : compile(value, one)]),
  );
}
