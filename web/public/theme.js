// Runs before the first paint, from its own file because the content security policy allows no inline script.
// The key and the rule are those of src/app/theme.ts.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem('hearth:theme');
  } catch {
    // Storage may be forbidden; the system's theme is then the answer.
  }
  var dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
