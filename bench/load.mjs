// The load: many clients as bare WebSockets, so that the clients cost as little as they can. They speak Socket.IO, the
// native protocol, or none (`door`).
import jwt from 'jsonwebtoken';
import { WebSocket } from 'ws';
import { serve } from './harness.mjs';

const sockets = [];
let received = 0;
let target = Infinity;
let reached = () => {};
let latencies = null;
const presence = { frames: 0, bytes: 0, last: new Map() };

function token(user) {
  return jwt.sign({ sub: user }, process.env.JWT_SECRET, { expiresIn: '1h' });
}

/** Each connects one client, and resolves when it is connected, or in its room where it has one. */
const doors = { 'socket.io': connectSocketIo, native: connectNative, bare: connectBare };

function connectBare(url, _user, room) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/?room=${room}`);
  sockets.push(socket);
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', resolve);
    socket.on('message', count);
  });
}

function connectNative(url, user, room) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws?token=${token(user)}`);
  sockets.push(socket);
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code, reason) => reject(new Error(`closed: ${code} ${reason}`)));
    socket.on('message', (bytes) => {
      const text = bytes.toString('latin1');
      if (text.startsWith('{"event":"connection_established"')) {
        if (room) socket.send(JSON.stringify({ id: 1, event: 'subscribe', data: { room } }));
        else resolve();
      } else if (text.startsWith('{"id":1,')) resolve();
      else count(bytes);
    });
  });
}

function connectSocketIo(url, user, room, presence = false) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
  sockets.push(socket);
  const credential = token(user);
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (bytes) => {
      const text = bytes.toString('latin1');
      if (text[0] === '0') socket.send(`40${JSON.stringify({ token: credential })}`);
      else if (text[0] === '2') socket.send('3');
      else if (text.startsWith('44')) reject(new Error(text));
      else if (text.startsWith('40')) {
        if (room) socket.send(`421${JSON.stringify(['subscribe', presence ? { room, presence } : { room }])}`);
        else resolve();
      } else if (text.startsWith('431')) resolve();
      else if (text.startsWith('42["presence.')) see(socket, text);
      else if (text.startsWith('42["project.updated"')) count(bytes);
    });
  });
}

/** Counts frames of presence, and keeps the last one of each client. */
function see(socket, text) {
  presence.frames++;
  presence.bytes += text.length;
  presence.last.set(socket, text);
}

function count(bytes) {
  received++;
  if (latencies) {
    const sent = /"sent_at":([\d.]+)/.exec(bytes.toString());
    if (sent) latencies.push(performance.timeOrigin + performance.now() - Number(sent[1]));
  }
  if (received >= target) reached();
}

serve({
  ready() {},
  /** Connects clients `parallel` at a time, spread over rooms. @returns seconds */
  async connect({ url, clients, rooms, parallel = 50, first = 0, door = 'socket.io' }) {
    const began = performance.now();
    let next = 0;
    const worker = async () => {
      while (next < clients) {
        const n = next++;
        await doors[door](url, `u${first + n}`, rooms ? `project:p${n % rooms}` : null);
      }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    return (performance.now() - began) / 1000;
  },
  /** So many users enter one room and watch it, 50 at a time. @returns seconds */
  async crowd({ url, users }) {
    const began = performance.now();
    let next = 0;
    const worker = async () => {
      while (next < users) await connectSocketIo(url, `u${next++}`, 'project:p0', true);
    };
    await Promise.all(Array.from({ length: 50 }, worker));
    return (performance.now() - began) / 1000;
  },
  /** The frames of presence until everybody has been told that so many are there. */
  async presence({ users }) {
    const knows = (text) => text.includes(`"count":${users}`) || users <= 200;
    while (presence.last.size < users || ![...presence.last.values()].every(knows)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return { frames: presence.frames, bytes: presence.bytes };
  },
  /** Resolves once so many more events have come than when `expect` was called. */
  expect({ events }) {
    target = received + events;
  },
  arrived: () =>
    received >= target
      ? undefined
      : new Promise((resolve, reject) => {
          const late = setTimeout(() => reject(new Error(`${target - received} events have not come`)), 60_000);
          reached = () => {
            clearTimeout(late);
            resolve();
          };
        }),
  measureLatency() {
    latencies = [];
  },
  latencies: () => latencies,
  close() {
    for (const socket of sockets.splice(0)) socket.terminate();
  },
});
