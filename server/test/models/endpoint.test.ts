import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { eventually } from '../../../tests/support/eventually.js';
import { startModelServer, type ModelRequest, type ModelServer } from '../../../tests/support/model-server.js';
import { createModel, type Model, type Prompt } from '../../src/models/endpoint.js';
import { ModelFailure } from '../../src/models/model-failure.js';

let server: ModelServer;
let model: Model;
beforeAll(async () => {
  server = await startModelServer();
  model = createModel({ baseUrl: server.url, apiKey: 'sk-secret', model: 'stub' });
});
afterAll(async () => {
  await model.close();
  await server.close();
});

const prompt: Prompt = {
  system: 'Be brief.',
  turns: [
    { by: 'person', text: 'Hi' },
    { by: 'model', text: 'Hello' },
    { by: 'person', text: 'Why?' },
  ],
};

/** What comes, and what it ends with. */
async function ask(onRequest: (request: ModelRequest) => void | Promise<void>, of: Model = model) {
  server.onRequest = onRequest;
  let text = '';
  try {
    for await (const piece of of.answer(prompt, new AbortController().signal)) text += piece;
    return { text };
  } catch (error) {
    return { text, error };
  }
}

const failed = (sentence: string) =>
  expect.objectContaining({ name: 'ModelFailure', message: expect.stringContaining(sentence) });

describe('an answer of a model', () => {
  it('comes piece by piece', async () => {
    expect(await ask((request) => request.answer('Because it is so.'))).toEqual({ text: 'Because it is so.' });
    const { body, authorization } = server.requests.at(-1)!;
    expect(authorization).toBe('Bearer sk-secret');
    expect(body).toEqual({
      model: 'stub',
      stream: true,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
        { role: 'user', content: 'Why?' },
      ],
    });
  });

  it('that the model has cut at its own limit is an answer', async () => {
    const cut = (request: ModelRequest) => {
      request.say('Because');
      request.finish('length');
    };
    expect(await ask(cut)).toEqual({ text: 'Because' });
  });

  it.each<[string, (request: ModelRequest) => void, string]>([
    ['is refused for its key', (request) => request.refuse(401), 'does not accept the key'],
    ['is not known', (request) => request.refuse(404), 'does not know the model'],
    ['is refused', (request) => request.refuse(400), 'has refused the question'],
    ['is too much', (request) => request.refuse(429, { 'retry-after': '7' }), 'ask again in 7 seconds'],
    ['is too much, nobody knows for how long', (request) => request.refuse(429), 'ask again later'],
    ['fails', (request) => request.refuse(500), 'has failed'],
    ['breaks off before it begins', (request) => request.drop(), 'cannot be reached'],
    ['is declined', (request) => request.finish('content_filter'), 'declined'],
    ['is no answer', (request) => request.raw('<html>'), 'broke off'],
  ])('fails with a sentence for people when the question %s', async (_what, onRequest, sentence) => {
    const outcome = await ask((request) => {
      onRequest(request);
      if (!request.closed) request.end();
    });
    expect(outcome).toEqual({ text: '', error: failed(sentence) });
    expect((outcome.error as Error).message).not.toContain('not to be shown');
  });

  it.each<[string, (request: ModelRequest) => void]>([
    ['the connection breaks', (request) => void setTimeout(() => request.drop(), 20)],
    ['the stream ends without an end', (request) => request.end()],
    ['the stream goes on with something else', (request) => request.raw('data: {no\n\n')],
    ['the stream goes on with an error', (request) => request.raw('data: {"error":{"message":"overloaded"}}\n\n')],
  ])('keeps what came before, and fails, when %s in its middle', async (_what, breakIt) => {
    const outcome = await ask((request) => {
      request.say('Because');
      breakIt(request);
      if (!request.closed) setTimeout(() => request.end(), 40);
    });
    expect(outcome).toEqual({ text: 'Because', error: failed('broke off') });
  });

  it('fails when nobody listens at the address', async () => {
    const gone = await startModelServer();
    const { url } = gone;
    await gone.close();
    const other = createModel({ baseUrl: url, apiKey: null, model: 'stub' });
    const outcome = await ask(() => {}, other);
    await other.close();
    expect(outcome).toEqual({ text: '', error: failed('cannot be reached') });
  });

  it('that is not wanted any more ends, with its request', async () => {
    server.onRequest = (request) => request.say('Because');
    const stop = new AbortController();
    const pieces = model.answer(prompt, stop.signal)[Symbol.asyncIterator]();
    for (let text = ''; text !== 'Because';) text += String((await pieces.next()).value);
    const request = server.requests.at(-1)!;
    expect(request.closed).toBe(false);
    const next = pieces.next().then(() => pieces.next());
    stop.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    await eventually(() => request.closed);
  });

  it('fails when the thread that asks for it ends, and the next one has another thread', async () => {
    const other = createModel({ baseUrl: server.url, apiKey: null, model: 'stub' });
    const outcome = ask((request) => {
      request.say('Because');
      void other.close();
    }, other);
    expect(await outcome).toMatchObject({ error: failed('broke off') });
    expect(await ask((request) => request.answer('Because it is so.'), other)).toEqual({ text: 'Because it is so.' });
    await other.close();
  });
});

describe('an answer in a form', () => {
  const form = z.object({ mood: z.enum(['good', 'bad']) });
  const decide = (onRequest: (request: ModelRequest) => void) => {
    server.onRequest = onRequest;
    return model.decide('mood', form, prompt, new AbortController().signal);
  };

  it('has the form, which the endpoint is told', async () => {
    expect(await decide((request) => request.json('{"mood":"good"}'))).toEqual({ mood: 'good' });
    expect(server.requests.at(-1)?.body.response_format).toMatchObject({ json_schema: { name: 'mood' } });
  });

  it.each<[string, (request: ModelRequest) => void]>([
    ['has another form', (request) => request.json('{"mood":"mixed"}')],
    ['has none', (request) => request.json('good, I think')],
    ['does not come', (request) => request.refuse(500)],
  ])('that %s is a failure', async (_what, onRequest) => {
    await expect(decide(onRequest)).rejects.toBeInstanceOf(ModelFailure);
  });
});
