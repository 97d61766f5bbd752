// Runs first, in the plainest words that any browser knows: where the page cannot work or does not come, says so instead of
// staying blank. `src/main.ts` then draws nothing. The texts stand here because nothing else may run.
(function () {
  var isGerman = /^de/i.test(navigator.language || '');

  function isTooOld() {
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

  /** Whether this is the page's program or its looks, and the first of them that did not come. */
  function isEssential(part) {
    var isLooks = part.tagName === 'LINK' && part.rel === 'stylesheet';
    return (part.tagName === 'SCRIPT' || isLooks) && !document.documentElement.hasAttribute('data-stopped');
  }

  function element(tag, text) {
    var made = document.createElement(tag);
    made.textContent = text;
    return made;
  }

  /** Puts words on the page in place of everything else. `hook` is their name for tests. */
  function say(hook, title, text, action) {
    document.documentElement.setAttribute('data-stopped', '');
    document.documentElement.setAttribute('lang', isGerman ? 'de' : 'en');
    var style = document.createElement('link');
    style.rel = 'stylesheet';
    style.href = '/check.css';
    document.head.appendChild(style);
    var page = element('main', '');
    page.className = 'stopped';
    page.setAttribute('data-testid', hook);
    var mark = document.createElement('img');
    mark.src = '/favicon.svg';
    mark.alt = '';
    mark.width = mark.height = 48;
    page.appendChild(mark);
    page.appendChild(element('h1', title));
    page.appendChild(element('p', text));
    if (action) page.appendChild(action);
    if (document.readyState !== 'loading') return show(page);
    document.addEventListener('DOMContentLoaded', function () {
      show(page);
    });
  }
  function show(page) {
    var app = document.getElementById('app');
    app.textContent = '';
    app.appendChild(page);
  }

  if (isTooOld()) {
    return say(
      'unsupported',
      isGerman ? 'Dieser Browser ist zu alt für Hearth.' : 'This browser is too old for Hearth.',
      isGerman
        ? 'Hearth braucht Chrome oder Edge ab Version 120, Firefox ab 121 oder Safari ab 17.2. Aktualisiere deinen Browser und lade diese Seite neu.'
        : 'Hearth needs Chrome or Edge 120 or newer, Firefox 121 or newer, or Safari 17.2 or newer. Update your browser, then reload this page.',
    );
  }
  // What could not be fetched is told to the element that asked for it, on the way down only.
  addEventListener(
    'error',
    function (event) {
      if (!(event.target instanceof Element) || !isEssential(event.target)) return;
      var again = element('button', isGerman ? 'Neu laden' : 'Reload');
      again.setAttribute('data-testid', 'reload');
      again.addEventListener('click', function () {
        location.reload();
      });
      say(
        'not-loaded',
        isGerman ? 'Hearth ließ sich nicht laden.' : 'Hearth could not be loaded.',
        isGerman
          ? 'Der Server ist vielleicht nicht erreichbar oder wurde gerade erneuert. Was du geschrieben hast, ist auf diesem Gerät aufgehoben.'
          : 'The server may be out of reach, or was just brought up to date. What you wrote is kept on this device.',
        again,
      );
    },
    true,
  );
})();
