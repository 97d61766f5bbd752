// The page's part. Text from others becomes text, never markup.

const socket = io();
const at = (id) => document.getElementById(id);
const typing = new Set();
// What was asked for, and where that led.
let asked;
let room;

function add(text, kind = 'message') {
  const line = document.createElement('p');
  line.className = kind;
  line.textContent = text;
  at('messages').append(line);
  line.scrollIntoView();
}

const show = ({ username, message }) => add(`${username}: ${message}`);

at('join').addEventListener('submit', (event) => {
  event.preventDefault();
  asked = { username: at('username').value, room: at('room').value };
  if (socket.connected) socket.emit('join_room', asked);
});
// Also after a break: the server knows nothing of the old connection.
socket.on('connect', () => asked && socket.emit('join_room', asked));

socket.on('room_joined', (joined) => {
  room = joined.room;
  at('join').hidden = true;
  at('chat').hidden = false;
  at('room-name').textContent = room;
  at('messages').replaceChildren();
  joined.history.forEach(show);
  typing.clear();
  at('typing').textContent = '';
});

socket.on('receive_message', show);
socket.on('private_message', ({ from, message }) => add(`${from} (to you alone): ${message}`));
socket.on('user_joined', ({ username }) => add(`${username} joined the room`, 'system'));
socket.on('user_left', ({ username }) => {
  add(`${username} left the room`, 'system');
  showTyping({ username, isTyping: false });
});
socket.on('room_users', (users) => (at('users').textContent = users.join(', ')));
socket.on('error', ({ msg }) => {
  // A refused room is not asked for again.
  if (!room) asked = undefined;
  add(msg, 'system');
});

function showTyping({ username, isTyping }) {
  typing[isTyping ? 'add' : 'delete'](username);
  const [one] = typing;
  const who = typing.size > 1 ? `${typing.size} people are` : `${one} is`;
  at('typing').textContent = typing.size ? `${who} typing…` : '';
}
socket.on('user_typing', showTyping);

let stopped;
function stopTyping() {
  clearTimeout(stopped);
  if (stopped) socket.emit('typing', { room, isTyping: false });
  stopped = undefined;
}
at('message').addEventListener('input', () => {
  if (!stopped) socket.emit('typing', { room, isTyping: true });
  clearTimeout(stopped);
  stopped = setTimeout(stopTyping, 1500);
});

at('send').addEventListener('submit', (event) => {
  event.preventDefault();
  const message = at('message').value.trim();
  if (!message) return;
  stopTyping();
  socket.emit('send_message', { room, message }, ({ status }) => {
    if (status === 'delivered') at('message').value = '';
  });
});
