import { defineComponent } from 'vue';

import { render } from './render';

/** The text of a message with its formatting. Drawn again only when the text changes. */
export default defineComponent({
  name: 'MessageText',
  props: { content: { type: String, required: true } },
  setup: (props) => () => render(props.content),
});
