import { describe, expect, it } from '@jest/globals';
import { readEmotion } from '../../src/emotion/lexicon.js';

describe('emotion by words', () => {
  it.each([
    ['I am so happy that this works!', 'happy'],
    ['Wow, this is amazing, I can’t wait to try it', 'excited'],
    ['I finally got it, nailed it', 'proud'],
    ['Thank you, that helped', 'thankful'],
    ['I hope it works this time', 'hopeful'],
    ['phew, what a relief', 'relaxed'],
    ['That is really interesting, tell me more', 'interested'],
    ['I wonder what happens then', 'curious'],
    ['Whoa, that was unexpected', 'surprised'],
    ['I am worried about the exam', 'anxious'],
    ["I don't understand recursion, it makes no sense", 'confused'],
    ['ugh, I am stuck, it keeps failing', 'frustrated'],
    ['This is ridiculous and unacceptable', 'angry'],
    ['yuck, that is disgusting', 'disgusted'],
    ['I am scared of the oral exam', 'fearful'],
    ['I am sad and miserable today', 'sad'],
    ['I give up, this is pointless', 'discouraged'],
    ['this is boring', 'bored'],
    ['I am exhausted, I need a break', 'fatigued'],
    ['The meeting is at nine.', 'neutral'],
    ['What a great, wonderful result', 'happy'],
    ['That was an awful, terrible mistake', 'displeased'],
    ['😡', 'angry'],
  ])('%s', (text, emotion) => {
    expect(readEmotion(text).primary_emotion).toBe(emotion);
  });

  it.each(['I am not happy with it', 'I was never really excited about it', 'no stress'])(
    'a negated word does not count: %s',
    (text) => expect(['happy', 'excited', 'anxious']).not.toContain(readEmotion(text).primary_emotion),
  );

  it('code is not read', () => {
    expect(readEmotion('See:\n```\nthrow new Error("I hate this, ugh, stuck")\n```').primary_emotion).toBe('neutral');
  });

  it('more words that agree make it surer, and stress makes it more intense', () => {
    const [one, two] = [readEmotion('I am stuck'), readEmotion('I am stuck, ugh, this is so frustrating!!')];
    expect(two.confidence).toBeGreaterThan(one.confidence);
    expect(two.intensity).toBeGreaterThan(one.intensity);
  });

  it('whatever is written, the numbers are shares', () => {
    for (const text of [
      '',
      '?',
      '😡'.repeat(2500),
      'ugh '.repeat(1250),
      "isn't ".repeat(800),
      '```',
      'ａ'.repeat(5000),
    ]) {
      const { intensity, confidence } = readEmotion(text);
      for (const share of [intensity, confidence]) {
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
      }
    }
  });
});
