// Emotion by words: a small list says which one (seed-words.ts), VADER's lexicon says how pleasant the whole is
// (C. J. Hutto and E. Gilbert, "VADER", ICWSM 2014). English only, and knowing nothing of irony: the confidence says so.
import vader from 'vader-sentiment';
import { emotionNames, padOf, type EmotionName } from './emotions.js';
import { seedWords } from './seed-words.js';

/** What was found about a text; numbers from 0 to 1. */
export interface Found {
  readonly primary_emotion: EmotionName;
  readonly intensity: number;
  readonly confidence: number;
}

/** VADER's own bound between neutral and not. */
const NEUTRAL = 0.05;
/** From here a text without any of our words is taken to be pleasant or unpleasant as such. */
const PLAIN = 0.3;

interface Seed {
  readonly emotion: EmotionName;
  readonly pattern: RegExp;
}

const seeds: readonly Seed[] = emotionNames.flatMap((emotion) =>
  (seedWords[emotion]?.split(/,\s+/) ?? []).map((word) => ({ emotion, pattern: patternOf(word) })),
);

function patternOf(word: string): RegExp {
  const escaped = word.replace(/[.()?+|^$[\]{}\\/]/g, '\\$&').replaceAll("'", "['’]");
  const [before, after] = [/^\w/.test(word) ? '(?<![\\w])' : '', /\w$/.test(word) ? '(?![\\w])' : ''];
  return new RegExp(`${before}${escaped.replace('*', '\\w*')}${after}`, 'gi');
}

const NEGATION =
  /\b(?:not|no|never|isn['’]t|wasn['’]t|aren['’]t|don['’]t|doesn['’]t|didn['’]t|hardly|without)\s+(?:\w+\s+){0,2}$/i;

export function readEmotion(text: string): Found {
  const prose = text.replaceAll(/```[^]*?(?:```|$)/g, ' ');
  const { compound } = vader.SentimentIntensityAnalyzer.polarity_scores(prose);
  const [best, times] = mostSaid(prose);
  return best === null ? byPleasantness(compound) : bySeed(best, times, compound, prose);
}

/** The emotion that most words speak of; of equals the one that is spoken of last. */
function mostSaid(prose: string): [EmotionName | null, number] {
  const counts = new Map<EmotionName, { times: number; last: number }>();
  for (const { emotion, pattern } of seeds) {
    for (const { index } of prose.matchAll(pattern)) {
      if (NEGATION.test(prose.slice(Math.max(0, index - 40), index))) continue;
      const { times, last } = counts.get(emotion) ?? { times: 0, last: 0 };
      counts.set(emotion, { times: times + 1, last: Math.max(last, index) });
    }
  }
  const [best] = [...counts].sort(([, one], [, other]) => other.times - one.times || other.last - one.last);
  return best ? [best[0], best[1].times] : [null, 0];
}

function bySeed(emotion: EmotionName, times: number, compound: number, prose: string): Found {
  const agreement = Math.sign(padOf[emotion].pleasure) * (Math.abs(compound) < NEUTRAL ? 0 : compound);
  const stressed = /!|\b(?:so|very|really|extremely|totally)\b/i.test(prose) ? 0.15 : 0;
  return {
    primary_emotion: emotion,
    intensity: share(0.45 + 0.25 * Math.max(0, agreement) + 0.1 * (times - 1) + stressed),
    confidence: share(Math.min(0.8, 0.5 + 0.1 * (times - 1) + 0.2 * agreement)),
  };
}

function byPleasantness(compound: number): Found {
  const strength = Math.abs(compound);
  if (strength < PLAIN) return { primary_emotion: 'neutral', intensity: share(strength), confidence: 0.4 };
  const emotion = compound > 0 ? 'happy' : 'displeased';
  return { primary_emotion: emotion, intensity: share(strength), confidence: share(0.2 + 0.3 * strength) };
}

function share(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 100) / 100;
}
