// The part of vader-sentiment that is used; it brings no types.
declare module 'vader-sentiment' {
  interface Polarity {
    neg: number;
    neu: number;
    pos: number;
    /** From −1, very unpleasant, to 1. */
    compound: number;
  }
  const vader: { SentimentIntensityAnalyzer: { polarity_scores(text: string): Polarity } };
  export default vader;
}
