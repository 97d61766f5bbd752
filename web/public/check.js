// Runs first, in the plainest words that any browser knows: says so where the page cannot work, instead of staying blank.
// `src/main.ts` then draws nothing. The texts stand here because nothing else may run.
(function () {
  function missing() {
    var css = window.CSS && CSS.supports;
    return (
      !('noModule' in document.createElement('script')) ||
      !window.Promise ||
      !window.fetch ||
      !Array.prototype.toSorted ||
      !Array.prototype.findLast ||
      !window.AbortSignal ||
      !AbortSignal.timeout ||
      !window.ResizeObserver ||
      !css ||
      !CSS.supports('selector(:has(a))') ||
      !CSS.supports('selector(&)') ||
      !CSS.supports('height', '1dvh') ||
      !CSS.supports('color', 'color-mix(in oklab, red, blue)')
    );
  }
  if (!missing()) return;

  var isGerman = /^de/i.test(navigator.language || '');
  var texts = isGerman
    ? [
        'Dieser Browser ist zu alt für Hearth.',
        'Hearth braucht Chrome oder Edge ab Version 120, Firefox ab 121 oder Safari ab 17.2. Aktualisiere deinen Browser und lade diese Seite neu.',
      ]
    : [
        'This browser is too old for Hearth.',
        'Hearth needs Chrome or Edge 120 or newer, Firefox 121 or newer, or Safari 17.2 or newer. Update your browser, then reload this page.',
      ];

  document.documentElement.setAttribute('data-unsupported', '');
  document.documentElement.setAttribute('lang', isGerman ? 'de' : 'en');
  var style = document.createElement('link');
  style.rel = 'stylesheet';
  style.href = '/check.css';
  document.head.appendChild(style);
  document.addEventListener('DOMContentLoaded', function () {
    var page = document.createElement('main');
    page.className = 'too-old';
    page.setAttribute('data-testid', 'unsupported');
    var heading = document.createElement('h1');
    heading.textContent = texts[0];
    var text = document.createElement('p');
    text.textContent = texts[1];
    page.appendChild(heading);
    page.appendChild(text);
    document.getElementById('app').appendChild(page);
  });
})();
