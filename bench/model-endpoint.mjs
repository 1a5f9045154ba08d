// An OpenAI-compatible endpoint whose every answer goes on, 40 words a second, until all are told to end.
import { createServer } from 'node:http';
import { serve } from './harness.mjs';

const EVERY_MS = 25;
const open = new Set();
let words = 0;

const chunk = (delta, finish_reason) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'bench', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

const http = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const timer = setInterval(() => response.write(chunk({ content: `word${words++} ` }, null)), EVERY_MS);
  const end = () => {
    clearInterval(timer);
    open.delete(end);
    response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
  };
  open.add(end);
  response.on('close', () => clearInterval(timer));
});

serve({
  ready: () => new Promise((resolve) => http.listen(0, '127.0.0.1', resolve)),
  url: () => `http://127.0.0.1:${http.address().port}/v1`,
  open: () => open.size,
  end() {
    for (const end of [...open]) end();
    return words;
  },
});
