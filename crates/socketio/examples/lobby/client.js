// The page's part. Text from others becomes text, never markup.

const socket = io();
const at = (id) => document.getElementById(id);
const users = new Set();
let name;

function item(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

function add(text) {
  at('chat').append(item('p', text));
  at('chat').lastChild.scrollIntoView();
}

function showUsers() {
  at('count').textContent = users.size;
  at('users').replaceChildren(...[...users].sort().map((user) => item('li', user)));
}

at('login').addEventListener('submit', (event) => {
  event.preventDefault();
  socket.emit('login', at('name').value);
});
at('say').addEventListener('submit', (event) => {
  event.preventDefault();
  socket.emit('chat', at('message').value);
  at('message').value = '';
});

socket.on('loginNameBad', () => (at('problem').textContent = 'Invalid name'));
socket.on('loginNameExists', () => (at('problem').textContent = 'Name already exists'));
socket.on('welcome', (own) => {
  name = own;
  at('login').hidden = true;
  at('lobby').hidden = false;
  socket.emit('onlineUsers');
});
// After a break the server has forgotten who this was.
socket.on('connect', () => name && socket.emit('login', name));
socket.on('onlineUsers', (online) => {
  users.clear();
  online.forEach((user) => users.add(user));
  showUsers();
});
socket.on('userJoined', (user) => {
  if (!name) return;
  add(`${user} joined room.`);
  users.add(user);
  showUsers();
});
socket.on('userLeft', (user) => {
  add(`${user} left room.`);
  users.delete(user);
  showUsers();
});
socket.on('chat', ({ sender, message }) => add(`${sender}: ${message}`));
