import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createApp } from 'vue';

import { ownPath } from '../app/routes';
import { i18n } from '../i18n';
import MessageText from './MessageText';

function show(content: string): HTMLElement {
  const root = document.createElement('div');
  createApp(MessageText, { content }).use(i18n).mount(root);
  return root;
}

/** What a browser would act on. */
const ACTIVE = 'script, iframe, object, embed, form, input, img, svg, style, link, meta, base, video, audio, math';

function isHarmless(root: HTMLElement): void {
  // Our own button to copy code has an icon.
  expect([...root.querySelectorAll(ACTIVE)].filter((element) => !element.closest('.copy'))).toEqual([]);
  for (const element of root.querySelectorAll('*')) {
    for (const { name } of element.attributes) {
      expect(name).not.toMatch(/^on/i);
      expect(name).not.toBe('style');
      expect(name).not.toBe('srcdoc');
    }
  }
  for (const link of root.querySelectorAll('a')) {
    expect(link.getAttribute('href')).toMatch(/^(https?:\/\/|mailto:)/i);
    expect(link.rel).toContain('noopener');
  }
}

const HOSTILE = [
  '<script>alert(1)</script>',
  '<SCRIPT SRC=//203.0.113.7/x.js></SCRIPT>',
  '<img src=x onerror=alert(1)>',
  '<svg/onload=alert(1)>',
  '<svg><script>alert(1)</script></svg>',
  '<iframe src="javascript:alert(1)"></iframe>',
  '<a href="javascript:alert(1)">x</a>',
  '<body onload=alert(1)>',
  '<math><mi//xlink:href="data:x,<script>alert(1)</script>">',
  '<style>*{display:none}</style>',
  '<link rel=stylesheet href=//203.0.113.7/x.css>',
  '<meta http-equiv=refresh content="0;url=//203.0.113.7">',
  '<base href="//203.0.113.7/">',
  '<form action="/api/logout" method=post><button>x</button></form>',
  '<input autofocus onfocus=alert(1)>',
  '<details open ontoggle=alert(1)>',
  '<!--><img src=x onerror=alert(1)>-->',
  '<![CDATA[<script>alert(1)</script>]]>',
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](java\tscript:alert(1))',
  '[x](&#106;avascript:alert(1))',
  '[x](data:text/html,<script>alert(1)</script>)',
  '[x](vbscript:msgbox(1))',
  '[x](file:///etc/passwd)',
  '[x](/api/logout)',
  '[x](//203.0.113.7/x)',
  '[x](blob:https://example.org/1)',
  '<javascript:alert(1)>',
  '![x](https://203.0.113.7/pixel.png)',
  '[x](https://example.org "onmouseover=alert(1)")',
  '[x](https://example.org/"onmouseover="alert(1))',
  '`<img src=x onerror=alert(1)>`',
  '```\n</code></pre><script>alert(1)</script>\n```',
  '```"><script>alert(1)</script>\nx\n```',
  '[x]: javascript:alert(1)\n\n[x]',
  '**<b onclick=alert(1)>bold</b>**',
  '{{constructor.constructor("alert(1)")()}}',
  '> <script>alert(1)</script>',
  '- <img src=x onerror=alert(1)>',
];

describe('hostile payloads stay text', () => {
  it.each(HOSTILE)('%s', (payload) => {
    const root = show(payload);
    isHarmless(root);
  });

  it('shows HTML as it was written', () => {
    for (const payload of HOSTILE.slice(0, 18)) expect(show(payload).textContent).toBe(payload);
  });

  it('holds for anything at all', () => {
    const pieces = fc.array(
      fc.oneof(fc.constantFrom(...HOSTILE, '\n', '**', '`', '[', '](', ')', '<', '>'), fc.string()),
    );
    fc.assert(
      fc.property(pieces, (parts) => isHarmless(show(parts.join('')))),
      { numRuns: 150 },
    );
  });

  it('survives deep nesting', () => {
    for (const sign of ['[', '{', '(', '> ', '- ', '*', '`', '<']) {
      const text = show(sign.repeat(2000)).textContent ?? '';
      expect(text.length).toBeLessThanOrEqual(sign.length * 2000);
    }
  });
});

describe('formatting', () => {
  const html = (content: string): string =>
    show(content).innerHTML.replaceAll(' dir="auto"', '').replaceAll(' dir="ltr"', '');

  it.each([
    ['a **b** c', '<p>a <strong>b</strong> c</p>'],
    ['a *b* _c_', '<p>a <em>b</em> <em>c</em></p>'],
    ['~~gone~~', '<p><s>gone</s></p>'],
    ['`x < y`', '<p><code>x &lt; y</code></p>'],
    ['***both***', '<p><em><strong>both</strong></em></p>'],
    ['one\ntwo', '<p>one<br>two</p>'],
    ['one\n\ntwo', '<p>one</p><p>two</p>'],
    ['- a\n- b', '<ul><li>a</li><li>b</li></ul>'],
    ['3. a\n4. b', '<ol start="3"><li>a</li><li>b</li></ol>'],
    ['> said', '<blockquote><p>said</p></blockquote>'],
    ['# not a title', '<p># not a title</p>'],
    ['---', '<p>---</p>'],
    ['    not code', '<p>not code</p>'],
    ['\\*plain\\*', '<p>*plain*</p>'],
    ['snake_case_name', '<p>snake_case_name</p>'],
    ['main.rs and README.md', '<p>main.rs and README.md</p>'],
    ['![x](y)', '<p>![x](y)</p>'],
  ])('%j', (content, expected) => {
    expect(html(content)).toBe(expected);
  });

  it('links what is written with its scheme, in a new tab', () => {
    const link = show('see https://example.org/a_b?c=d.').querySelector('a');
    expect(link?.getAttribute('href')).toBe('https://example.org/a_b?c=d');
    expect(link?.target).toBe('_blank');
    expect(link?.rel).toBe('noopener noreferrer nofollow');
  });

  it('keeps a block of code as it is', () => {
    expect(show('```rust\nlet a = "**x**";\n  b\n```').querySelector('pre')?.textContent).toBe('let a = "**x**";\n  b');
  });

  it('lets each paragraph find its own direction', () => {
    expect(show('שלום').querySelector('p')?.dir).toBe('auto');
  });
});

describe('a link to this server', () => {
  const { origin } = location;

  it.each(['/c/one', '/c/one/12', '/c/one/members'])('is followed within the page: %s', (path) => {
    expect(ownPath(origin + path)).toBe(path);
  });

  it.each([
    `${origin}/api/self`,
    `${origin}/c/one/12?x=1`,
    `${origin}/c/one/12#x`,
    `${origin}/c/one/../../api/self`,
    `${origin}.evil.example/c/one`,
    `https://evil.example/c/one`,
    `${origin.replace('http', 'https')}/c/one`,
    `${origin.replace('//', `//${location.hostname}@evil.example/`)}/c/one`,
    '/c/one',
    'mailto:ada@example.org',
  ])('is not taken for one: %s', (href) => {
    expect(ownPath(href)).toBeNull();
  });
});
