// Asks a language model's endpoint, in a thread of its own: for every word of an answer the ai package and the streams
// below it take a quarter of a millisecond, which would be time of all events. Words that come together go together.
import { parentPort, workerData } from 'node:worker_threads';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, jsonSchema, Output, streamText } from 'ai';

/** Between two words to the platform, in milliseconds; it gathers them for longer. */
const GATHER_MS = 20;

// It would write to the console what the platform logs by itself.
globalThis.AI_SDK_LOG_WARNINGS = false;

const { baseUrl, apiKey, model: name } = workerData;
const key = apiKey === null ? {} : { apiKey };
const provider = createOpenAICompatible({
  name: 'endpoint',
  baseURL: baseUrl,
  ...key,
  supportsStructuredOutputs: true,
});
const model = provider(name);
const running = new Map();

parentPort.on('message', ({ id, stop, form, ...prompt }) => {
  if (stop) return running.get(id)?.abort();
  const abort = new AbortController();
  running.set(id, abort);
  const request = { model, ...prompt, maxRetries: 0, abortSignal: abort.signal };
  const state = { heard: false };
  (form ? decide(id, request, form) : answer(id, request, state))
    .catch((error) => parentPort.postMessage({ id, failure: failureOf(error, state) }))
    .finally(() => running.delete(id));
});

async function answer(id, request, state) {
  const out = gathered((text) => parentPort.postMessage({ id, text }));
  try {
    for await (const part of streamText({ ...request, onError() {} }).fullStream) {
      if (part.type === 'error') throw part.error;
      if (part.type !== 'start') state.heard = true;
      if (part.type === 'finish') state.finish = part.finishReason;
      out.add(part.type === 'text-delta' ? part.text : '');
    }
  } finally {
    out.end();
  }
  // An answer that the model has cut at its own limit is an answer.
  if (state.finish !== 'stop' && state.finish !== 'length') throw new Error(`the answer has ended: ${state.finish}`);
  parentPort.postMessage({ id, done: true });
}

async function decide(id, request, { name: form, schema }) {
  const output = Output.object({ schema: jsonSchema(schema), name: form });
  const { output: decided } = await generateText({ ...request, output });
  parentPort.postMessage({ id, done: true, decided });
}

/** The first at once, then what has come meanwhile; nothing but a sign of life is an empty text. */
function gathered(tell) {
  let text = null;
  let timer = null;
  const flush = () => {
    timer = null;
    if (text === null) return;
    tell(text);
    text = null;
    timer = setTimeout(flush, GATHER_MS);
  };
  return {
    add(more) {
      text = (text ?? '') + more;
      if (timer === null) flush();
    },
    end() {
      clearTimeout(timer);
      if (text) tell(text);
    },
  };
}

function failureOf(error, { heard, finish }) {
  return {
    heard,
    declined: finish === 'content-filter',
    status: error?.statusCode ?? null,
    retryAfter: error?.responseHeaders?.['retry-after'] ?? null,
    detail: String(error?.message ?? error).slice(0, 500),
  };
}
