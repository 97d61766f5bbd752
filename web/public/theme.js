// Runs before the first paint, from its own file because the content security policy allows no inline script.
// The keys and the rules are those of src/app/theme.ts and src/app/density.ts.
(function () {
  var theme = null;
  var density = null;
  try {
    theme = localStorage.getItem('hearth:theme');
    density = localStorage.getItem('hearth:density');
  } catch {
    // Storage may be forbidden; the system's theme is then the answer.
  }
  var dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  document.documentElement.dataset.density = density === 'compact' ? 'compact' : 'roomy';
})();
