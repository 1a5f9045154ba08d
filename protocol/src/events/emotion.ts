// What a person seems to feel, read from what they wrote in a session. Only they are told, on all their devices.
import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { id } from '../room.js';

const share = z.number().min(0).max(1);
const dimension = z.number().min(-1).max(1);

export const emotion = z.object({
  primary_emotion: z.string(),
  intensity: share,
  pad_values: z.object({ pleasure: dimension, arousal: dimension, dominance: dimension }),
  /** By what it was found: words that stand in lists, or a language model. */
  method: z.enum(['lexicon', 'model']),
  confidence: share,
});

export const emotionUpdated = defineEvent({
  name: 'emotion.updated',
  class: 'state',
  key: 'room',
  data: z.object({ message_id: id, room: z.string(), emotion }),
  rooms: 'addressed',
  example: {
    message_id: 'm1',
    room: 'session:7',
    emotion: {
      primary_emotion: 'curious',
      intensity: 0.6,
      pad_values: { pleasure: 0.22, arousal: 0.62, dominance: -0.01 },
      method: 'lexicon',
      confidence: 0.6,
    },
  },
  summary: 'What the newest message of a person in a session tells of their emotion.',
});
