// The emotions that are told apart, and where each lies in the space of pleasure, arousal and dominance.
//
// Source of the values: J. A. Russell and A. Mehrabian, "Evidence for a three-factor theory of emotions", Journal of
// Research in Personality 11 (1977), 273–294, table of 151 terms, each the mean of many people's judgements from −1 to 1.
// `neutral` is the origin by definition; it is not of the table. Of `frustrated` the dominance is printed as −.35 in one
// and as .35 in another transcription; the table is sorted by signs, and the term stands among the negative ones.

interface Pad {
  readonly pleasure: number;
  readonly arousal: number;
  readonly dominance: number;
}

const pad = (pleasure: number, arousal: number, dominance: number): Pad => ({ pleasure, arousal, dominance });

export const emotionNames = [
  'neutral',
  'happy',
  'excited',
  'proud',
  'thankful',
  'hopeful',
  'relaxed',
  'interested',
  'curious',
  'surprised',
  'anxious',
  'confused',
  'frustrated',
  'angry',
  'disgusted',
  'fearful',
  'displeased',
  'sad',
  'discouraged',
  'bored',
  'fatigued',
] as const;

export type EmotionName = (typeof emotionNames)[number];

export const padOf: Readonly<Record<EmotionName, Pad>> = {
  neutral: pad(0, 0, 0),
  happy: pad(0.81, 0.51, 0.46),
  excited: pad(0.62, 0.75, 0.38),
  proud: pad(0.77, 0.38, 0.65),
  thankful: pad(0.61, 0.1, -0.13),
  hopeful: pad(0.51, 0.23, 0.14),
  relaxed: pad(0.68, -0.46, 0.06),
  interested: pad(0.64, 0.51, 0.17),
  curious: pad(0.22, 0.62, -0.01),
  surprised: pad(0.4, 0.67, -0.13),
  anxious: pad(0.01, 0.59, -0.15),
  confused: pad(-0.53, 0.27, -0.32),
  frustrated: pad(-0.64, 0.52, -0.35),
  angry: pad(-0.51, 0.59, 0.25),
  disgusted: pad(-0.6, 0.35, 0.11),
  fearful: pad(-0.64, 0.6, -0.43),
  displeased: pad(-0.55, 0.16, -0.05),
  sad: pad(-0.63, -0.27, -0.33),
  discouraged: pad(-0.61, -0.15, -0.29),
  bored: pad(-0.65, -0.62, -0.33),
  fatigued: pad(-0.18, -0.57, -0.29),
};
