// A language model behind an OpenAI-compatible endpoint. Text goes in and words come out: it is given no tools, so
// nothing that anybody writes makes it do something. Whatever goes wrong there is a ModelFailure with a sentence for
// people, which holds nothing of what the endpoint has said.
import { z } from 'zod';
import { ModelFailure } from './model-failure.js';
import { createModelThread, type ModelSettings, type Request } from './model-thread.js';

/** What the model is asked. */
export interface Prompt {
  readonly system: string;
  /** In order; the last one is to be answered. */
  readonly turns: readonly Turn[];
}

export interface Turn {
  readonly by: 'person' | 'model';
  readonly text: string;
}

export interface Model {
  /**
   * An answer, piece by piece; an empty piece is a sign that the model is at work.
   * @param signal ends it, and the request to the endpoint with it
   * @throws ModelFailure; the reason of `signal`
   */
  answer(prompt: Prompt, signal: AbortSignal): AsyncIterable<string>;
  /**
   * An answer in a form.
   * @param name of the form, for the endpoint
   * @throws ModelFailure, also when the answer does not have the form; the reason of `signal`
   */
  decide<Form extends z.ZodType>(
    name: string,
    form: Form,
    prompt: Prompt,
    signal: AbortSignal,
  ): Promise<z.output<Form>>;
  /** Nothing is asked any more; what is being asked fails. */
  close(): Promise<void>;
}

export function createModel(settings: ModelSettings): Model {
  const thread = createModelThread(settings);

  return {
    async *answer(prompt, signal) {
      for await (const reply of thread.ask(requestOf(prompt), signal)) if ('text' in reply) yield reply.text;
    },
    async decide(name, form, prompt, signal) {
      const schema = z.toJSONSchema(form, { target: 'draft-7' });
      let decided: unknown;
      for await (const reply of thread.ask({ ...requestOf(prompt), form: { name, schema } }, signal)) {
        if ('done' in reply) decided = reply.decided;
      }
      const parsed = form.safeParse(decided);
      if (parsed.success) return parsed.data;
      throw new ModelFailure('The model’s answer cannot be read.', parsed.error.message);
    },
    close: () => thread.close(),
  };
}

function requestOf({ system, turns }: Prompt): Request {
  const messages = turns.map(
    ({ by, text }) => ({ role: by === 'person' ? 'user' : 'assistant', content: text }) as const,
  );
  return { system, messages };
}
