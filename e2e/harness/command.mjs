// Commands without a client library: a few requests of long-polling, for what a test wants done in the background.

import { request } from './http.mjs';

const SEPARATOR = '\x1e';
/** Packets of one POST; a body has its limit. */
const AT_ONCE = 100;

/** Carry out commands, each `[name, payload]`, in order, as the person with that cookie. Returns their answers. */
export async function commands(server, cookie, wanted) {
  const poll = (query, method = 'GET', body) =>
    request(server, method, `/socket.io/?EIO=4&transport=polling${query}`, {
      cookie,
      body,
      headers: body === undefined ? {} : { 'content-type': 'text/plain;charset=UTF-8' },
    });
  const { sid } = JSON.parse((await poll('')).text.slice(1));
  const session = `&sid=${sid}`;
  await poll(session, 'POST', '40');
  const answers = [];
  let isOpen = false;
  let sent = 0;
  // They may come in another order than they were asked for.
  let answered = 0;
  while (answered < wanted.length) {
    const packets = (await poll(session)).text.split(SEPARATOR);
    for (const packet of packets) {
      if (packet === '2') await poll(session, 'POST', '3');
      isOpen ||= packet.startsWith('40');
      const answer = /^43(\d+)(\[.*)$/s.exec(packet);
      if (!answer) continue;
      answers[Number(answer[1])] = JSON.parse(answer[2])[0];
      answered += 1;
    }
    if (isOpen && answered === sent && sent < wanted.length) {
      const next = wanted.slice(sent, sent + AT_ONCE);
      const body = next.map((command, at) => `42${sent + at}${JSON.stringify(command)}`).join(SEPARATOR);
      sent += next.length;
      await poll(session, 'POST', body);
    }
  }
  await poll(session, 'POST', '1');
  return answers;
}

/** One command that must succeed; returns its data. */
export async function command(server, cookie, name, payload) {
  const [answer] = await commands(server, cookie, [[name, payload]]);
  if (answer.status !== 'OK') throw new Error(`${name}: ${JSON.stringify(answer)}`);
  return answer.data;
}

/** Write many messages into a channel. */
export async function fill(server, cookie, channelId, contents) {
  const answers = await commands(
    server,
    cookie,
    contents.map((content) => ['message:send', { channelId, content }]),
  );
  const refused = answers.find((answer) => answer.status !== 'OK');
  if (refused) throw new Error(`message:send: ${JSON.stringify(refused)}`);
}
