import MarkdownIt from 'markdown-it';
import type { Token } from 'markdown-it';

/**
 * What a message may hold: emphasis, strikethrough, code, lists, quotes and links. Everything else, HTML above all,
 * stays the text that it is. Nothing is turned on that is not named here.
 */
const markdown = new MarkdownIt('zero', { html: false, breaks: true, linkify: true, maxNesting: 20 });
markdown.enable([
  'linkify',
  'blockquote',
  'fence',
  'list',
  'newline',
  'escape',
  'backticks',
  'strikethrough',
  'emphasis',
  'link',
  'autolink',
]);
// `main.rs` and `README.md` are file names here, not sites: only what is written with its scheme becomes a link.
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
markdown.validateLink = isSafeLink;

/** Only these three schemes: no `javascript:`, no `data:`, nothing relative that would act in the reader's name. */
export function isSafeLink(url: string): boolean {
  return /^(?:https?:\/\/|mailto:)/i.test(url.trim());
}

/** The tokens of a message. */
export function parse(content: string): Token[] {
  return markdown.parse(content, {});
}
