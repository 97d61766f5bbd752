import bash from 'highlight.js/lib/languages/bash';
import cpp from 'highlight.js/lib/languages/cpp';
import diff from 'highlight.js/lib/languages/diff';
import go from 'highlight.js/lib/languages/go';
import java from 'highlight.js/lib/languages/java';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';
import { createLowlight } from 'lowlight';
import { h, type VNode } from 'vue';

/** Loaded with the first block of code that says its language, and never before. */
const lowlight = createLowlight({ bash, cpp, diff, go, java, json, python, rust, sql, typescript, xml, yaml });
// TypeScript reads JavaScript, and C++ nearly all of C.
lowlight.registerAlias({ typescript: ['js', 'javascript', 'jsx', 'mjs', 'cjs'], cpp: ['c', 'h'], bash: ['console'] });

type Nodes = ReturnType<typeof lowlight.highlight>['children'];

/** The code as nodes, coloured by its language; null if that is none of ours. No markup is ever parsed. */
export function highlight(code: string, language: string): (VNode | string)[] | null {
  const name = language.toLowerCase();
  return lowlight.registered(name) ? nodes(lowlight.highlight(name, code).children) : null;
}

function nodes(children: Nodes): (VNode | string)[] {
  return children.flatMap((node) => {
    if (node.type === 'text') return node.value;
    if (node.type !== 'element') return [];
    return h('span', { class: node.properties.className as string[] }, nodes(node.children as Nodes));
  });
}
