import type { ServerEvent } from '../protocol';
import { fromWire } from '../timeline/stored';
import type { World } from './world';

/** Tells the world what the server told. Returns true if only a sync can tell the rest. */
export function dispatch(world: World, event: ServerEvent): boolean {
  switch (event.name) {
    case 'message:sent': {
      const message = fromWire(event.data);
      world.typing(message.channelId, message.from, false);
      if (!world.has(message.channelId)) return true;
      world.reduce(message.channelId, { type: 'message', message });
      return world.isBehind(message.channelId);
    }
    case 'message:updated': {
      const message = fromWire(event.data);
      if (!world.has(message.channelId)) return true;
      world.reduce(message.channelId, { type: 'message', message });
      return world.isBehind(message.channelId);
    }
    case 'message:typing':
      world.typing(event.data.channelId, event.data.userId, event.data.isTyping);
      return false;
    case 'message:read': {
      const { channelId, marks } = event.data;
      const own = marks[world.self];
      if (own !== undefined) world.reduce(channelId, { type: 'read', upTo: Number(own) });
      world.marks(channelId, new Map(Object.entries(marks).map(([userId, mark]) => [userId, Number(mark)])));
      return false;
    }
    case 'channel:created':
    case 'channel:joined':
      world.putChannel(event.data);
      return world.isBehind(event.data.id);
    case 'channel:updated':
      world.patchChannel(event.data);
      return false;
    case 'channel:left':
      world.dropChannel(event.data.channelId);
      return false;
    case 'member:joined':
    case 'member:left':
      world.member(event.data.channelId, event.data.userId, event.name === 'member:joined');
      return false;
    case 'user:connected':
    case 'user:disconnected':
      world.presence(event.data, event.name === 'user:connected');
      return false;
    case 'user:updated':
      world.rename(event.data);
      return false;
    case 'heads': {
      const heads = Object.entries(event.data);
      for (const [channelId, head] of heads) world.reduce(channelId, { type: 'head', head });
      return heads.some(([channelId]) => !world.has(channelId) || world.isBehind(channelId));
    }
    case 'server:hello':
      world.build(event.data.webBuild);
      return false;
    case 'server:draining':
      return false;
    default:
      return unheard(event);
  }
}

/** Every event of the protocol has its case above: the compiler says so. */
function unheard(_event: never): boolean {
  return false;
}
