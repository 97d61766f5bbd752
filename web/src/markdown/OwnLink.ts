import { defineComponent, h } from 'vue';
import { RouterLink, useRoute } from 'vue-router';

import { useChannelsStore } from '../stores/channels';

/** A link to a channel or message of this server: followed without loading the page anew. */
export default defineComponent({
  name: 'OwnLink',
  props: { to: { type: String, required: true } },
  setup(props, { slots }) {
    const channels = useChannelsStore();
    const route = useRoute();
    /** One is there already, but may have scrolled away: going where one is does nothing by itself. */
    function again(): void {
      if (route.fullPath === props.to) channels.open(channels.currentId, Number(route.params.messageId) || null);
    }
    return () => h(RouterLink, { to: props.to, onClick: again }, slots);
  },
});
