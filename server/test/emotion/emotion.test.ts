import { describe, expect, it } from '@jest/globals';
import { createEmotionReader, type Written } from '../../src/emotion/emotion.js';
import type { Model } from '../../src/models/endpoint.js';
import { systemClock } from '../../src/ops/clock.js';
import { eventually } from '../../../tests/support/eventually.js';

interface Told {
  event: string;
  data: unknown;
  options: unknown;
}

function makeReader(decide?: (content: string) => Promise<unknown>) {
  const told: Told[] = [];
  const failures: unknown[] = [];
  const model: Pick<Model, 'decide'> | null = decide
    ? {
        async decide(_name, form, { turns }) {
          return form.parse(await decide(turns[0]?.text ?? ''));
        },
      }
    : null;
  const broadcaster = {
    async emit(event: string, data: unknown, options: unknown) {
      told.push({ event, data, options });
      return { id: 'e', duplicate: false };
    },
  };
  const reader = createEmotionReader({ model, broadcaster, clock: systemClock, failed: (err) => failures.push(err) });
  return { reader, told, failures };
}

const written = (messageId: string, content: string, more: Partial<Written> = {}): Written => {
  return { tenant: 'acme', room: 'session:1', messageId, senderId: 'ada', content, ...more };
};

describe('the emotion of a message', () => {
  it('is told to its writer, with its place in pleasure, arousal and dominance, and how it was found', async () => {
    const { reader, told } = makeReader();
    reader.read(written('m1', 'I am curious'));
    await eventually(() => expect(told).toHaveLength(1));
    expect(told[0]).toEqual({
      event: 'emotion.updated',
      data: {
        message_id: 'm1',
        room: 'session:1',
        emotion: {
          primary_emotion: 'curious',
          intensity: expect.any(Number),
          pad_values: { pleasure: 0.22, arousal: 0.62, dominance: -0.01 },
          method: 'lexicon',
          confidence: expect.any(Number),
        },
      },
      options: { tenant: 'acme', rooms: ['user:ada'] },
    });
    await reader.stop();
  });

  it('is the model’s where there is one', async () => {
    const { reader, told } = makeReader(async () => ({ primary_emotion: 'proud', intensity: 0.9, confidence: 0.8 }));
    reader.read(written('m1', 'I am curious'));
    await eventually(() => expect(told).toHaveLength(1));
    expect(told[0]?.data).toMatchObject({
      emotion: { primary_emotion: 'proud', method: 'model', confidence: 0.8, pad_values: { dominance: 0.65 } },
    });
    await reader.stop();
  });

  it.each<[string, unknown]>([
    ['fails', null],
    ['answers what is no emotion', { primary_emotion: 'hangry', intensity: 0.5, confidence: 0.5 }],
    ['answers numbers that are no shares', { primary_emotion: 'sad', intensity: 5, confidence: 0.5 }],
  ])('is found by words when the model %s', async (_what, answer) => {
    const { reader, told, failures } = makeReader(async () => answer ?? Promise.reject(new Error('down')));
    reader.read(written('m1', 'I am curious'));
    await eventually(() => expect(told).toHaveLength(1));
    expect(told[0]?.data).toMatchObject({ emotion: { primary_emotion: 'curious', method: 'lexicon' } });
    expect(failures).toHaveLength(1);
    await reader.stop();
  });

  it('is told in the order of the messages of a room, and does not wait for other rooms', async () => {
    const release: (() => void)[] = [];
    const { reader, told } = makeReader(async (content) => {
      if (content === 'slow') await new Promise<void>((resolve) => release.push(resolve));
      return { primary_emotion: 'happy', intensity: 1, confidence: 1 };
    });
    reader.read(written('m1', 'slow'));
    reader.read(written('m2', 'quick'));
    reader.read(written('m3', 'quick', { room: 'session:2' }));
    const ids = () => told.map(({ data }) => (data as { message_id: string }).message_id);
    await eventually(() => expect(ids()).toEqual(['m3']));
    release[0]?.();
    await eventually(() => expect(ids()).toEqual(['m3', 'm1', 'm2']));
    await reader.stop();
  });
});
