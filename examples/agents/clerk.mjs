// A host application with an agent of its own, which answers from what the application knows: node clerk.mjs
import { AgentFailure, createRoomcast, defineAgent } from '@roomcast/server';

const stock = { lamp: 3, chair: 0 };

const clerk = defineAgent({
  id: 'clerk',
  name: 'Clerk',
  async *respond({ message, signal }) {
    const asked = Object.keys(stock).filter((article) => message.content.includes(article));
    if (asked.length === 0) throw new AgentFailure('Ask me about a lamp or a chair.');
    for (const article of asked) {
      signal.throwIfAborted(); // somebody has cancelled
      yield `${article}: ${stock[article] || 'none'} left. `;
    }
  },
});

const roomcast = await createRoomcast({ settings: process.env, agents: [clerk] });
console.log(`listening on ${await roomcast.start()}`);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void roomcast.stop());
