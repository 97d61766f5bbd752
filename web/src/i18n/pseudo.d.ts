declare module '*.json?pseudo' {
  import type en from './en.json';

  const texts: typeof en;
  export default texts;
}
