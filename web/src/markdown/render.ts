import type { Token } from 'markdown-it';
import { h, type VNode, type VNodeArrayChildren } from 'vue';

import { ownPath } from '../app/routes';
import CodeBlock from './CodeBlock.vue';
import OwnLink from './OwnLink';
import { isSafeLink, parse } from './parse';

/** Elements that tokens may become; a token of another kind becomes its text. */
const BLOCKS = new Set(['p', 'ul', 'ol', 'li', 'blockquote']);
const MARKS = new Set(['strong', 'em', 's']);

interface Open {
  make: (children: VNodeArrayChildren) => VNode | VNodeArrayChildren;
  children: VNodeArrayChildren;
}

/** A message as nodes of the page. No HTML is ever parsed: every text ends up in a text node. */
export function render(content: string): VNodeArrayChildren {
  return build(parse(content));
}

function build(tokens: readonly Token[]): VNodeArrayChildren {
  const root: Open = { make: (children) => children, children: [] };
  const stack: Open[] = [root];
  const top = (): Open => stack.at(-1) ?? root;

  for (const token of tokens) {
    if (token.nesting === 1) {
      stack.push({ make: maker(token), children: [] });
    } else if (token.nesting === -1) {
      const closed = stack.length > 1 ? stack.pop() : undefined;
      if (closed) top().children.push(closed.make(closed.children));
    } else {
      top().children.push(leaf(token));
    }
  }
  return root.children;
}

function maker(token: Token): Open['make'] {
  // A paragraph of a tight list is only its content.
  if (token.hidden) return (children) => children;
  const { tag } = token;
  if (BLOCKS.has(tag)) {
    const start = tag === 'ol' ? Number(token.attrGet('start') ?? 1) : 1;
    return (children) => h(tag, { dir: 'auto', ...(start !== 1 && { start }) }, children);
  }
  if (MARKS.has(tag)) return (children) => h(tag, null, children);
  if (tag === 'a') {
    const href = String(token.attrGet('href') ?? '');
    const own = ownPath(href);
    if (own !== null) return (children) => h(OwnLink, { to: own }, () => children);
    if (isSafeLink(href)) {
      return (children) => h('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, children);
    }
  }
  return (children) => children;
}

function leaf(token: Token): VNode | string | VNodeArrayChildren {
  switch (token.type) {
    case 'inline':
      return build(token.children ?? []);
    case 'code_inline':
      return h('code', { dir: 'ltr' }, token.content);
    case 'fence':
      return h(CodeBlock, { code: token.content.replace(/\n$/, ''), language: token.info.trim().split(/\s/)[0] ?? '' });
    case 'softbreak':
    case 'hardbreak':
      return h('br');
    default:
      return token.content;
  }
}
