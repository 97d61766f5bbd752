import { expect, test } from 'vitest';
import { type VNode } from 'vue';

import { highlight } from './highlight';

const textOf = (nodes: (VNode | string)[]): string =>
  nodes.map((node) => (typeof node === 'string' ? node : textOf(node.children as (VNode | string)[]))).join('');

test('code of a known language is coloured, and stays the same text', () => {
  const code = 'fn main() {\n    println!("<b>{}</b>", 1); // said\n}';
  const nodes = highlight(code, 'rust') ?? expect.fail();
  expect(textOf(nodes)).toBe(code);
  expect(nodes.some((node) => typeof node !== 'string' && String(node.props?.class).includes('hljs-'))).toBe(true);
});

test.each(['js', 'TypeScript', 'c', 'py', 'html', 'sh', 'yml'])('%s is known by that name', (name) => {
  expect(highlight('x', name)).not.toBeNull();
});

test.each(['', 'klingon', '__proto__', 'constructor', '<script>'])('“%s” is no language of ours', (name) => {
  expect(highlight('x', name)).toBeNull();
});
