// Asks in a session or conversation, and shows the answer while it is made; Ctrl-C stops it:
// node ask.mjs session:7 'Why is the sky blue?' [agent]
import { randomUUID } from 'node:crypto';
import { io } from 'socket.io-client';

const { ROOMCAST_URL = 'http://127.0.0.1:8000', ROOMCAST_TOKEN: token } = process.env;
const [room, content, persona_id] = process.argv.slice(2);
const client_id = randomUUID(); // names the question, so that sending it again changes nothing
const socket = io(ROOMCAST_URL, { auth: { token } });
const answers = new Map(); // texts by message_id
let before, question;

socket.on('connect', () => {
  socket.emit('subscribe', { room, ...before }, ({ error, offset, epoch, last_id }) => {
    if (error) return stop(error.message);
    before ??= { offset, epoch, last_id }; // after a break, what has come since then is told again
    socket.emit('message.send', { room, content, persona_id, client_id }, ({ error }) => {
      if (error) stop(error.message);
    });
  });
});
socket.on('message.delta', ({ data: { message_id, at, text } }) => {
  const known = answers.get(message_id) ?? '';
  answers.set(message_id, known.slice(0, at) + text); // whoever joins in the middle first gets all of it, with at: 0
  process.stdout.write(answers.get(message_id).slice(known.length));
});
socket.on('message.created', ({ data: { message } }) => {
  if (message.client_id === client_id) question = message.id;
  if (!message.is_ai || message.reply_to !== question) return;
  const shown = answers.get(message.id) ?? '';
  stop(`${message.content.slice(shown.length)}\n(${message.sender_name}: ${message.status})`);
});
socket.on('connect_error', (error) => console.error(error.message));
process.on('SIGINT', () => socket.emit('agent.cancel', { client_id }));

function stop(lastWords) {
  console.log(lastWords);
  socket.disconnect();
}
