import { useRouter } from 'vue-router';

/**
 * Follows a link within the page when it is clicked. For long lists: unlike a `RouterLink`, a link that is followed by this
 * has nothing to do when the route changes.
 */
export function useFollow(): (event: MouseEvent) => void {
  const router = useRouter();
  return (event) => {
    const asksTheBrowser = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0;
    const link = event.currentTarget;
    if (asksTheBrowser || event.defaultPrevented || !(link instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    void router.push(link.pathname);
  };
}
