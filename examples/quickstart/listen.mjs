// Listens to a room, and after any break goes on where it was: node listen.mjs project:42
import { io } from 'socket.io-client';

const { ROOMCAST_URL = 'http://127.0.0.1:8000', ROOMCAST_TOKEN: token } = process.env;
const room = process.argv[2] ?? 'global';
const socket = io(ROOMCAST_URL, { auth: { token } });
let position = {}; // how far we have come; nothing yet: begin with the next event

socket.on('connect', () => {
  socket.emit('subscribe', { room, ...position }, ({ error, recovered, offset, epoch, last_id }) => {
    if (error) return console.error(error.message);
    if (!recovered) console.log('events may be missing: load the state anew');
    position = { offset, epoch, last_id };
    console.log(`${room}: listening after offset ${offset}`);
  });
});
socket.onAny((name, { rooms = [], offset, id, data }) => {
  if (!rooms.includes(room)) return; // the server's words to this one connection
  if (offset) position = { ...position, offset, last_id: id };
  console.log(offset, name, JSON.stringify(data));
});
socket.on('connect_error', (error) => console.error(error.message));
